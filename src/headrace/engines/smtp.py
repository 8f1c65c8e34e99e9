"""Mail servers: `smtp://mail.example.org:587`, which has to offer STARTTLS, or `smtps://mail.example.org:465`."""

import smtplib
import socket
import ssl
from contextlib import closing
from typing import Any

from headrace.engines import Engine, Target, _urls
from headrace.errors import HostFailed, Invalid, LoginRefused
from headrace.model.database import Login
from headrace.runtime import reach
from headrace.runtime.reach import Bounds

LIKE = "smtp://mail.example.org:587"


def locate(url: str) -> Target:
    """Where the server is. Raises Invalid."""
    target = _urls.read(url, {"smtp": 587, "smtps": 465}, LIKE)
    if target.path.strip("/"):
        raise Invalid(f"The URL of a mail server has no path; {LIKE} is one.")
    return target


def authenticate(target: Target, login: Login, bounds: Bounds) -> None:
    """Log in over TLS, and send nothing."""
    if not (login.username + login.password).isascii():
        raise LoginRefused("The login of a mail server is in ASCII (RFC 4954).")
    context = ssl.create_default_context()
    try:
        with reach.connected(target.host, target.port, bounds) as connection:
            if target.scheme == "smtps":
                connection = context.wrap_socket(connection, server_hostname=target.host)  # noqa: PLW2901
            with closing(_Over(connection, target)) as server:
                _log_in(server, target, login, context)
    except ssl.SSLCertVerificationError as wrong:
        raise HostFailed(f"The certificate of {target.host} is not trusted here: {wrong.verify_message}.") from None
    except smtplib.SMTPAuthenticationError as refused:
        raise LoginRefused(f"{target.host} refuses this login: {_words(login, refused.smtp_error)}.") from None
    except smtplib.SMTPResponseException as refused:
        raise HostFailed(f"{target.host} says: {_words(login, refused.smtp_error)}.") from None
    except smtplib.SMTPNotSupportedError:
        raise HostFailed(f"{target.host} takes no logins.") from None
    except TimeoutError:
        raise HostFailed(f"{target.host} takes longer than {bounds.seconds:g} seconds to answer.") from None
    except (OSError, smtplib.SMTPException):
        raise HostFailed(f"{target.host} does not answer as a mail server does.") from None


class _Over(smtplib.SMTP):
    """SMTP over a connection that is there already: to the address that was checked."""

    def __init__(self, connection: socket.socket, target: Target) -> None:
        self._given = connection
        super().__init__(target.host, target.port, local_hostname="headrace")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._given


def _log_in(server: smtplib.SMTP, target: Target, login: Login, context: ssl.SSLContext) -> None:
    server.ehlo_or_helo_if_needed()
    if target.scheme == "smtp":
        if not server.has_extn("starttls"):
            raise HostFailed(f"{target.host} offers no STARTTLS, and a password is not sent in clear.")
        server.starttls(context=context)
    server.login(login.username, login.password)


def _words(login: Login, said: Any) -> str:  # noqa: ANN401 - bytes or text, as the library has it
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return _urls.without(login.password, words).rstrip(".")


engine = Engine(types=("RemoteHostTypes::SMTP",), credential_type="Custom", locate=locate, authenticate=authenticate)
