"""The user of the warehouse that QuickSight reads as, the one that logs in with a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from psycopg2.extensions import encrypt_password

from include.core.failpoints import failpoint
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.core.warehouse.connection import Connect


class Login(Protocol):
    """A user and a password."""

    @property
    def user(self) -> str: ...

    @property
    def password(self) -> str: ...


L = TypeVar("L", bound=Login)


class Renewed(Protocol[L]):
    """Where the password is kept: include/core/aws/secrets.py has one."""

    def is_due(self) -> bool:
        """Whether it is time for another one."""

    def pending(self) -> L:
        """The login that is to come, the same until it is promoted."""

    def promote(self, login: L) -> None:
        """Have it read from now on."""


def renew_charts_login(owner: Connect, secret: Renewed[L]) -> bool:
    """Give the user another password where one is due, and make the user where there is none.

    Whoever logs in between the commit and the promotion is refused, for some milliseconds: a
    session that is open stays open. A renewal that ends between the two is finished by the next.

    Arguments:
        owner: opens a connection that may make roles.
        secret: where the password is kept.

    Returns:
        Whether one was due.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    if not secret.is_due():
        return False
    with transaction(owner, doing="renew the login of QuickSight") as cursor:
        cursor.execute(read_statement("warehouse/charts_login.lock"))
        # Another run may have done it while this one waited.
        if not secret.is_due():
            return False
        login = secret.pending()
        cursor.execute(read_statement("warehouse/charts_login.find"))
        if cursor.fetchone() == (False,):
            cursor.execute(read_statement("warehouse/charts_login.create"))
        cursor.execute(read_statement("warehouse/charts_login.join"))
        # The server receives no password, which a log of it could show.
        verifier = encrypt_password(
            login.password, login.user, scope=cursor.connection, algorithm="scram-sha-256"
        )
        cursor.execute(read_statement("warehouse/charts_login.set"), {"verifier": verifier})
        cursor.execute(read_statement("warehouse/charts_login.read_only"))
    failpoint("charts_login.committed")
    secret.promote(login)
    return True
