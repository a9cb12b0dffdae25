"""All that can be told about a model, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioassay_mtl._version import __version__

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model


def model_facts(model: Model) -> dict[str, Any]:
    """Everything that ``info`` tells.

    Gate utilization ``(T, E)`` and expert diversity ``(E, E)`` are taken on the fixed, diverse
    molecules of :meth:`Featurizer.examples`.
    """
    from bioassay_mtl.chem.sight import sight_of
    from bioassay_mtl.models.diagnostics import diagnose
    from bioassay_mtl.models.plugin_kinds import kinds_record
    from bioassay_mtl.nn.network import n_weights

    brought = kinds_record(model).get("plugins", [])
    found = diagnose(model.network, model.inputs(model.featurizer.examples()))
    open_to, sight = model.network.connections, sight_of(model.featurizer)
    return {
        "name": model.name,
        "tasks": list(model.tasks),
        "kinds": [kind.model_dump(mode="json") for kind in model.kinds],
        "label_counts": model.label_counts,
        "annotations": model.annotations,
        "assays": [assay.model_dump(mode="json") for assay in model.sheet.assays],
        "grades": model.sheet.grades,
        "features": model.featurizer.config(),
        "inputs": dict(model.featurizer.n_features),
        "tells_apart": None if sight is None else sight._asdict(),
        "sight": [] if sight is None else sight.sentences,
        "training_molecules": _molecules(model),
        "domain": _domain(model),
        "calibration": _calibration(model),
        "network": model.network_config.model_dump(mode="json"),
        "parameters": n_weights(model.network),
        "code": _code(model),
        "connections": {
            "tasks": open_to.shape[0],
            "experts": open_to.shape[1],
            "open": int(open_to.sum()),
            "exclusive_experts": int((~open_to.all(dim=0)).sum()),
            "tasks_per_expert": open_to.sum(dim=0).tolist(),
        },
        "gate_utilisation": {
            task: [round(weight, 4) for weight in weights]
            for task, weights in zip(model.tasks, found.utilization.tolist(), strict=True)
        },
        "expert_diversity": {
            "mean": round(found.mean_diversity, 4),
            "matrix": [[round(d, 4) for d in row] for row in found.diversity.tolist()],
        },
        "metrics": model.metrics,
        "training": model.training,
        "versions": {
            "bioassay_mtl": __version__,
            **model.featurizer.versions(),
            **{each["distribution"]: each["version"] for each in brought if "distribution" in each},
        },
    }


def _code(model: Model) -> dict[str, float] | None:
    """Size of the code of the learned numbers, where they are coded."""
    from bioassay_mtl.models.coded import code_of

    code = code_of(model.network)
    if code is None:
        return None
    sizes = {"numbers": code.n_numbers, "bits": code.bits, "bytes": -(-code.bits // 8)}
    return sizes | {"bits_a_number": code.bits / code.n_numbers}


def _molecules(model: Model) -> dict[str, int] | None:
    known = model.training_molecules
    return None if known is None else {"known": len(known), "unidentified": known.unidentified}


def _calibration(model: Model) -> dict[str, Any] | None:
    """Calibration of probabilities, less its numbers."""
    found = model.calibration
    if found is None:
        return None
    losses = {name: getattr(found, name) for name in ("log_loss_before", "log_loss_after")}
    return {"rows": found.rows, **losses}


def _domain(model: Model) -> dict[str, Any] | None:
    known = model.beside.get("domain")
    if known is None:
        return None
    structures = known.structures is not None
    return {"molecules": len(known), "threshold": known.threshold, "structures": structures}
