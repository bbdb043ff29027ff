"""An auth manager of Airflow whose users see the DAGs that they are granted, and no others."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from tests.support.second_api_server import GRANTS

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser


class GrantingAuthManager(SimpleAuthManager):
    """Airflow's simple auth manager, with rights by DAG; what a role may do stays."""

    def is_authorized_dag(
        self, *, user: SimpleAuthManagerUser, details: Any = None, **asked: Any
    ) -> bool:
        granted = json.loads(os.environ[GRANTS]).get(user.username, [])
        # Without details it is asked whether the user may see any DAG.
        is_granted = details is None or details.id is None or details.id in granted
        return is_granted and super().is_authorized_dag(user=user, details=details, **asked)
