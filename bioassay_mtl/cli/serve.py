"""``bioassay-mtl serve``: a page to paste molecules into, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from bioassay_mtl.cli.names import DEFAULT_MODEL
from bioassay_mtl.cli.terminal import say


def serve(
    model: Annotated[
        str, typer.Option(metavar="NAME|FOLDER", help="Shipped model, or a model folder.")
    ] = DEFAULT_MODEL,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; 0.0.0.0 lets others in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen at; 0: any free.")] = 8000,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    max_megabytes: Annotated[
        float, typer.Option(metavar="MB", help="Size of a request at most.")
    ] = 10,
    max_molecules: Annotated[
        int, typer.Option(metavar="N", help="Records of a request at most.")
    ] = 5000,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Give up a request after so long.")
    ] = 120,
    molecule_timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Give up a molecule after so long (timed_out)."),
    ] = 2,
    queue: Annotated[
        int, typer.Option(metavar="N", help="Requests at work or waiting at most.")
    ] = 256,
    at_once: Annotated[int, typer.Option(metavar="N", help="Requests at work at most.")] = 4,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes that parse molecules; all cores if not given."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="cpu|cuda|cuda:N|mps", help="Device of the network.")
    ] = "cpu",
) -> None:
    """Serve a page to paste or upload molecules, and the same as JSON.

    The page is for this machine alone, unless --host says otherwise. Nothing that is sent is kept,
    and nothing is fetched from elsewhere. /api describes the HTTP interface.

    Example:  bioassay-mtl serve --open
    """
    from bioassay_mtl.serving.options import ServeOptions
    from bioassay_mtl.serving.server import address_of, bound, check_installed
    from bioassay_mtl.serving.server import serve as run

    options = ServeOptions.of(
        {
            "host": host,
            "port": port,
            "max_megabytes": max_megabytes,
            "max_molecules": max_molecules,
            "timeout": timeout,
            "molecule_timeout": molecule_timeout,
            "queue": queue,
            "at_once": at_once,
            "workers": workers,
        }
    )
    check_installed()
    with bound(options) as listening:
        from bioassay_mtl.models.loading import PendingModel

        pending = PendingModel(model, device=device)
        address = address_of(listening)

        def ready() -> None:
            say(f"{pending.name} is served at {address} (Ctrl-C ends it)")
            if not options.is_local:
                say("whoever reaches this machine can ask: there is no password")
            if open_page:
                _open(address)

        run(pending, listening, options, ready)


def _open(address: str) -> None:
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
