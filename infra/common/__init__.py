"""What the laptop, the package and the deployment share."""
