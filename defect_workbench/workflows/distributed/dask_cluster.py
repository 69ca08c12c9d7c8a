"""A connection to a Dask cluster; the only module that imports Dask.

Tasks and results travel pickled, as Dask does it, between this program, scheduler and workers. Nothing
pickled is stored.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from defect_workbench.core.errors import InputError, Remedy, WorkbenchError

if TYPE_CHECKING:
    from distributed import Client, Future, Security

log = logging.getLogger(__name__)

_ADDRESS = re.compile(
    r"(?:(?P<kind>tcp|tls)://)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s/:\[\]@?#]+):(?P<port>[0-9]{1,5})/?\Z"
)
_CONNECT_SECONDS = 10
_LOGGERS = ("distributed", "tornado", "asyncio")


class ClusterLostError(WorkbenchError):
    """The scheduler does not answer any more."""


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes
    ----------
    value : Any
        What its function returned; None after an error.
    error : BaseException or None
    killed_workers : bool
        Whether several workers died over the task, so that Dask gave it up.
    """

    value: Any = None
    error: BaseException | None = None
    killed_workers: bool = False


class Ticket:
    """A submitted task, and the workers that may do it."""

    def __init__(self, future: Future[Any], workers: frozenset[str]) -> None:
        self.future = future
        self.workers = workers


class DaskCluster:
    """A connection to a running cluster. Workers are named by their addresses."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def threads(self) -> dict[str, int]:
        """Return the number of threads of each connected worker.

        Raises
        ------
        ClusterLostError
            If the scheduler does not answer.
        """
        try:
            return dict(self._client.nthreads())
        except (OSError, RuntimeError, ValueError, TimeoutError) as error:
            raise _lost() from error

    def submit(
        self, function: Callable[..., Any], *arguments: object, key: str, workers: Collection[str]
    ) -> Ticket:
        """Submit a task, to be done by one of some workers.

        Parameters
        ----------
        key : str
            Unique; the dashboard shows what precedes its last hyphen.
        """
        from distributed.protocol.pickle import dumps

        future = self._client.submit(
            _packed_call(),
            dumps((function, arguments)),
            key=key,
            workers=sorted(workers),
            allow_other_workers=False,
            pure=False,
        )
        return Ticket(future, frozenset(workers))

    def finished(self, tickets: Sequence[Ticket], timeout: float) -> list[tuple[Ticket, Outcome | None]]:
        """Wait until at least one task has ended, or a time in s is over; return the tasks that ended.

        The outcome is None for a task whose result was lost, so that it has to be done again.

        Raises
        ------
        ClusterLostError
            If the connection to the scheduler broke.
        """
        from distributed import wait

        try:
            wait([each.future for each in tickets], timeout=timeout, return_when="FIRST_COMPLETED")
        except TimeoutError:
            pass
        except Exception as error:  # a cancelled future raises its own error
            log.info("waiting for the cluster: %s", error)
        if self._client.status != "running":
            raise _lost()
        return [(each, _outcome(each)) for each in tickets if each.future.done()]

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Cancel tasks; those that run end by themselves."""
        try:
            self._client.cancel([each.future for each in tickets], force=True)
        except Exception as error:  # the cluster may be gone
            log.info("cancelling: %s", error)

    def note(self, topic: str, values: dict[str, Any]) -> None:
        """Tell the scheduler, where the dashboard and other clients can read it."""
        try:
            self._client.log_event(topic, values)
        except Exception as error:  # nothing depends on it
            log.info("noting an event: %s", error)


def _packed_call() -> Callable[[bytes], Any]:
    """Return a function that calls a packed one, and that Dask sends as code instead of by name.

    A scheduler can then pass it on without having this program, and a worker without it reports an error
    instead of ending.
    """

    def call(packed: bytes) -> Any:
        from distributed.protocol.pickle import loads

        function, arguments = loads(packed)
        return function(*arguments)

    return call


@contextmanager
def connected(address: str) -> Iterator[DaskCluster]:
    """Connect to a running cluster.

    Certificates for `tls://` come from Dask's own configuration, as those of scheduler and workers do.

    Parameters
    ----------
    address : str
        Of the scheduler, such as `tcp://host:8786`, `tls://host:8786` or `host:8786`.

    Raises
    ------
    InputError
        If the address is not one.
    WorkbenchError
        If the extra package is missing, or no scheduler answers within seconds.
    """
    host, port = check_address(address)
    try:
        import dask
        import distributed
    except ImportError as error:
        raise WorkbenchError(
            "extraction on a cluster needs an extra package", Remedy.INSTALL_CLUSTER
        ) from error
    _log_quietly()
    _check_listening(address, host, port)
    limits = {"distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS}s"}
    with dask.config.set(limits), warnings.catch_warnings():
        # Versions of Dask that differ are reported as a warning; it belongs in the log.
        warnings.simplefilter("ignore")
        try:
            security = distributed.Security()
            # A client that cannot connect takes long to end, so something simpler tries first.
            asyncio.run(_check_scheduler(address, security))
            client = _client_class()(
                address,
                timeout=_CONNECT_SECONDS,
                security=security,
                set_as_default=False,
                name="defect-workbench",
            )
        except Exception as error:
            log.warning("the scheduler cannot be used", exc_info=error)
            raise WorkbenchError(_refused(address, error)) from error
        try:
            yield DaskCluster(client)
        finally:
            try:
                client.close(timeout=_CONNECT_SECONDS)
            except Exception as error:  # the scheduler may be gone
                log.info("closing the connection: %s", error)


def _client_class() -> type[Client]:
    """Return a client that is not closed again when it is deleted: without a connection that takes long."""
    from distributed import Client

    class ConnectedClient(Client):
        def __del__(self) -> None:
            pass

    return ConnectedClient


async def _check_scheduler(address: str, security: Security) -> None:
    """Check that a Dask scheduler answers."""
    from distributed import rpc

    async with asyncio.timeout(_CONNECT_SECONDS / 2):
        async with rpc(address, connection_args=security.get_connection_args("client")) as scheduler:
            identity = await scheduler.identity()
    if identity.get("type") != "Scheduler":
        raise OSError("a Dask worker answers there, not a scheduler")


def check_address(address: str) -> tuple[str, int]:
    """Return host and port of the address of a scheduler.

    Raises
    ------
    InputError
        If it is not an address.
    """
    match = _ADDRESS.match(address)
    port = int(match["port"]) if match else 0
    if match is None or not 0 < port < 65536:
        raise InputError(
            f"{address} is not the address of a Dask scheduler; give tcp://HOST:PORT, tls://HOST:PORT or "
            "HOST:PORT"
        )
    return match["host"].strip("[]"), port


def _check_listening(address: str, host: str, port: int) -> None:
    """Connect once without Dask, which would try for long."""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS / 2).close()
    except OSError as error:
        reason = "it does not answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        raise WorkbenchError(
            f"no Dask scheduler can be reached at {address}: {reason.lower()}; check the address, and "
            "whether the scheduler runs"
        ) from error
    except UnicodeError as error:
        raise InputError(
            f"{address} is not the address of a Dask scheduler: {host} is not a host name"
        ) from error


def _refused(address: str, error: Exception) -> str:
    """Return why what listens at an address cannot be used."""
    reason = (str(error).strip().splitlines() or [""])[0][:200]
    if "ssl_context" in reason:
        why = "TLS is not set up on this computer; Dask's configuration has to name ca-file, cert and key"
    elif isinstance(error, OSError) and not isinstance(error, TimeoutError):
        why = "the connection was closed; check whether it expects tls:// or tcp://, and which certificates"
    else:
        why = (
            "what answers there is not one that this program understands; check the address, and that it has "
            "the same version of Dask"
        )
    return f"the Dask scheduler at {address} cannot be used: {why}"


def _outcome(ticket: Ticket) -> Outcome | None:
    from distributed.scheduler import KilledWorker

    future = ticket.future
    try:
        if future.status == "finished":
            return Outcome(future.result(timeout=_CONNECT_SECONDS))
        if future.status == "error":
            error = future.exception(timeout=_CONNECT_SECONDS)
            return Outcome(error=error, killed_workers=isinstance(error, KilledWorker))
    except Exception as error:  # the worker died before its result was fetched
        log.info("the result of %s was lost: %s", future.key, error)
    return None


def _lost() -> ClusterLostError:
    return ClusterLostError(
        "the connection to the Dask scheduler broke; what was finished is in the feature store",
        Remedy.CONTINUE,
    )


def _log_quietly() -> None:
    """Send messages of Dask to the log: its own handlers print them, tracebacks included."""
    program = logging.getLogger("defect_workbench")
    for name in [*logging.root.manager.loggerDict, *_LOGGERS]:
        if name.partition(".")[0] in _LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers[:] = program.handlers or [logging.NullHandler()]
        logger.setLevel(logging.WARNING)
