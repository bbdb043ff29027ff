"""The AWS side of Sluice: a CDK app that uses nothing but CloudFormation's own resources.

Importing aws_cdk starts Node; importing this package first chooses which.
"""

from infra.aws.node import choose_node

choose_node()
