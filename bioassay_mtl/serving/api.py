"""The application: JSON over HTTP, and the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from bioassay_mtl._version import __version__
from bioassay_mtl.models.assay_names import found_assays
from bioassay_mtl.serving.description import description
from bioassay_mtl.serving.drawing import drawn, explanation
from bioassay_mtl.serving.engine import Engine
from bioassay_mtl.serving.faults import register_faults, worded
from bioassay_mtl.serving.job import Job
from bioassay_mtl.serving.page import add_page
from bioassay_mtl.serving.refusals import too_many
from bioassay_mtl.serving.running import Runner
from bioassay_mtl.serving.shapes import (
    DrawingsRequest,
    DrawingsResponse,
    ExplainRequest,
    ExplainResponse,
    FaultResponse,
    Limits,
    ModelResponse,
    PredictRequest,
    PredictResponse,
)
from bioassay_mtl.serving.uploads import SUFFIXES, listed_file, sent_file

FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": FaultResponse, "description": words}
    for status, words in {
        403: "Asked by a page of another origin.",
        413: "Too many bytes or molecules.",
        422: "Not as expected.",
        503: "Too many requests wait.",
        504: "Not done in time.",
    }.items()
}
FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "A file of molecules as it is: SMILES, CSV, TSV or SDF.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    }
}


def application(engine: Engine) -> FastAPI:
    """The application without its guard.

    Parameters
    ----------
    engine
        Engine that predicts.
    """
    app = FastAPI(
        title="bioassay_mtl",
        version=__version__,
        description=f"Predictions of the model {engine.model.name}.",
        docs_url=None,  # FastAPI's own page fetches scripts from elsewhere
        redoc_url=None,
    )
    runner = Runner(engine)
    register_faults(app)
    add_page(app)
    _add_facts(app, engine)
    _add_predictions(app, engine, runner)
    return app


def _add_facts(app: FastAPI, engine: Engine) -> None:
    model, limits = engine.model, engine.options

    @app.get("/api/model", summary="The model, and the limits of a request")
    async def about_model() -> ModelResponse:
        return ModelResponse(
            name=model.name,
            version=__version__,
            assays=len(model.tasks),
            columns_read=list(model.featurizer.columns),
            beside=list(engine.beside),
            explains=engine.explains,
            suffixes=list(SUFFIXES),
            limits=Limits(
                bytes=limits.max_bytes,
                molecules=limits.max_molecules,
                seconds=limits.timeout,
                seconds_per_molecule=limits.molecule_timeout,
                waiting=limits.queue,
            ),
        )

    @app.get("/api/assays", summary="The assays: what each is, and how far to trust it")
    async def assays(
        find: Annotated[str, Query(description="In a name, target, gene, grade ...")] = "",
    ) -> JSONResponse:
        sheet = model.sheet
        found = found_assays(find, sheet) if find.strip() else sheet.assays
        kept = [{**each.model_dump(mode="json"), "title": each.title} for each in found]
        return JSONResponse({"rule": sheet.rule, "assays": kept})

    @app.get("/health", summary="Whether the server answers")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api", response_class=HTMLResponse, include_in_schema=False)
    async def for_people() -> HTMLResponse:
        return HTMLResponse(description(app.openapi()))


def _add_predictions(app: FastAPI, engine: Engine, runner: Runner) -> None:
    most = engine.options.max_molecules

    @app.post("/api/predict", summary="Predict listed molecules", responses=FAULTS)
    async def predict(asked: PredictRequest) -> PredictResponse:
        if len(asked.smiles) > most:
            raise too_many(most)
        options = engine.screen_options(
            assays=asked.assays, annotate=asked.beside, standardize=asked.standardize
        )
        job = Job(engine, listed_file(asked.smiles, asked.ids), options)
        told = [said async for said in runner.events(job)]
        kept = {**told[0], **told[-1], "rows": [row for said in told[1:-1] for row in said["rows"]]}
        # Made of what was checked already: thousands of rows take long to be checked again.
        names = PredictResponse.model_fields
        return JSONResponse({name: kept[name] for name in names})  # type: ignore[return-value]

    @app.post("/api/screen", summary="Predict a file", responses=FAULTS, openapi_extra=FILE_BODY)
    async def screen(
        request: Request,
        name: Annotated[str, Query(description="Of the file; its suffix tells the format.")] = "",
        assays: Annotated[
            list[str] | None, Query(description="As of /api/predict; given again for each.")
        ] = None,
        beside: Annotated[
            list[str] | None, Query(description="As of /api/predict; A,B or given again for each.")
        ] = None,
        standardize: Annotated[bool, Query(description="As of /api/predict.")] = False,
        former: Annotated[bool, Query(alias="standardise", include_in_schema=False)] = False,
        format: Annotated[
            Literal["lines", "csv", "both"],
            Query(
                description="JSON lines as soon as they are there, the last of them has the event "
                "end; a table; or lines with the table in them, piece by piece."
            ),
        ] = "lines",
    ) -> Response:
        content = await request.body()
        file = sent_file(content, name, request.headers.get("content-type", ""))
        options = engine.screen_options(
            assays=assays or None,
            annotate=[name for text in beside or () for name in text.split(",")],
            standardize=standardize or former,
        )
        job = Job(engine, file, options, with_rows=format != "csv", with_csv=format != "lines")
        events = runner.events(job)
        if format == "csv":
            # Whole before any of it is sent, so that a part is never taken for all of it.
            table = "".join([said.get("csv", "") async for said in events])
            return Response(table, media_type="text/csv; charset=utf-8")
        first = await anext(events)  # what is wrong with the file is told by the status
        return StreamingResponse(_lines(first, events), media_type="application/x-ndjson")

    @app.post("/api/drawings", summary="Draw molecules", responses=FAULTS)
    async def drawings(asked: DrawingsRequest) -> DrawingsResponse:
        found = await runner.call(lambda: [drawn(smiles) for smiles in asked.smiles])
        return DrawingsResponse(drawings=found)

    @app.post("/api/explain", summary="Explain one prediction by atoms", responses=FAULTS)
    async def explain(asked: ExplainRequest) -> ExplainResponse:
        model = engine.model
        found = await runner.call(lambda: explanation(model, asked.smiles, asked.assay))
        return ExplainResponse(**found)


async def _lines(first: dict[str, Any], events: Any) -> AsyncIterator[bytes]:
    try:
        yield _line(first)
        async for said in events:
            yield _line(said)
    except Exception as error:
        status, message = worded(error)
        yield _line({"event": "error", "status": status, "message": message})
    finally:
        await events.aclose()


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
