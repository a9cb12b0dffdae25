"""What the pieces that are done say: Markdown, and a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import wilcoxon

from benchmarks.harness.plots import pictured
from benchmarks.harness.tables import markdown
from benchmarks.intrinsic_dimension.new_assays import DRAWN

Lines = list[dict[str, Any]]
BASELINE = "forest"


def write(lines: Lines, results: Path, about: str) -> None:
    parts = ["# Intrinsic dimension", "", about.strip(), ""]
    for title, (heads, rows_of) in TABLES.items():
        rows = list(rows_of(lines))
        parts += [f"## {title}", "", *markdown(heads.split("; "), rows), ""] if rows else []
    (results / "intrinsic_dimension.md").write_text("\n".join(parts))
    draw(lines, results / "intrinsic_dimension.png")


def dimensions(lines: Lines) -> Iterator[list[str]]:
    for line in lines:
        for group in line.get("groups", ()):
            aid, alone = group["aid"], group["id"]
            about = [f"{line['panel']}, {group['name']}", str(len(group["tasks"]))]
            about += [f"{line['rows']:,}", str(line["seeds"]), shown(aid), shown(alone)]
            own = sum(each is not None for each in group["single_ids"])
            ratio = shown(aid and alone and aid / alone, ".2f")
            yield [*about, ratio, f"{shown(group['mean_id'])} (of {own})"]


def shown(value: float | None, form: str = ".3g") -> str:
    """A number, or that none was reached."""
    return "not reached" if value is None else format(value, form)


def certificates(lines: Lines) -> Iterator[list[str]]:
    """Bounds beside what is seen on molecules left out."""
    for line in lines:
        for code in line.get("codes", ()):
            about = [line["piece"], str(code["levels"]), f"{code['bits']:,.0f}"]
            for each in code["certificate"]["statements"]:
                seen, held, bound = each["rates"]["seen"], each["held_out"], each["rates"]["bound"]
                yield [*about, each["name"], f"{seen:.4f}", f"{held:.4f}", f"{bound:.3f}"]


def sizes(lines: Lines) -> Iterator[list[str]]:
    """How good models of so many bytes are, on the same molecules."""
    free = {line["piece"]: ap(line["before"]) for line in lines if "free" in line["piece"]}
    wanted = [free.get(piece) for piece in ("free each alone", "free all together")]
    for name, size, bits, scores in sized(lines):
        shares = [f"{ap(scores) / each:.0%}" if each else "–" for each in wanted]
        about = [name, f"{size:,}", shown(bits) if bits else ""]
        yield [*about, f"{ap(scores):.4f}", *shares, f"{scores['roc_auc']:.3f}"]


def ap(scores: dict[str, float]) -> float:
    return scores["average_precision"]


def sized(lines: Lines) -> Iterator[tuple[str, int, float | None, dict[str, float]]]:
    """Name, bytes, bits a number and scores of all models of one panel."""
    for line in lines:
        if line["piece"].startswith("code "):
            for code in line["codes"]:
                bits = code["bits"] / code["numbers"]
                yield line["piece"], code["bytes"], bits, code["after"]
        elif line["piece"].startswith("free"):
            yield f"{line['piece']}, float32", 4 * line["numbers"], 32, line["before"]
        for smaller in line.get("smaller", ()):
            yield f"as pcba128, {smaller['how']}", smaller["bytes"], None, smaller["after"]


def scores_of(lines: Lines) -> dict[tuple[str, int], pd.DataFrame]:
    """By panel and number of molecules: of each contender, by assay and draw."""
    found: dict[tuple[str, int], dict[tuple[str, int], dict[str, float]]] = defaultdict(dict)
    for line in lines:
        for each in line.get("results", ()):
            place = found[line["panel"], each["m"]].setdefault((each["assay"], line["draw"]), {})
            place |= each["roc_auc"]
    return {key: pd.DataFrame(scores).T for key, scores in sorted(found.items())}


def less_baseline(scores: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Differences of each contender to the forest: of each assay the mean of its draws."""
    if BASELINE not in scores:
        return {}
    means = scores.sub(scores[BASELINE], axis=0).groupby(level=0).mean()
    return {str(name): more.dropna() for name, more in means.items() if more.notna().any()}


def new_assays(lines: Lines) -> Iterator[list[str]]:
    """Means, and differences to the forest, tested over assays."""
    for (panel, m), scores in scores_of(lines).items():
        for name, more in less_baseline(scores).items():
            p = f"{wilcoxon(more).pvalue:.3f}" if more.any() else ""
            own = scores[name].dropna()
            said = [panel, str(m), name, f"{own.mean():.3f}", f"{more.mean():+.3f}", p]
            yield [*said, str(len(more)), str(own.index.get_level_values(1).nunique())]


TABLES = {
    "Numbers an assay": (
        "panel; assays; molecules; seeds; AID_90; ID_90; AID / ID; mean of own IDs",
        dimensions,
    ),
    "What is promised": ("model; levels; bits; statement; seen; held out; bound", certificates),
    "Small models": (
        "model; bytes; bits a number; AP; of free, alone; of free, together; ROC-AUC",
        sizes,
    ),
    "New assays": (
        f"panel; molecules; contender; ROC-AUC; less {BASELINE}; p; assays; draws",
        new_assays,
    ),
}


def draw(lines: Lines, file: Path) -> None:
    """Two pictures, of the tables that have lines enough: shared structure, and what is coded."""
    known = {key for line in lines for key in line}
    coded = file.with_name(f"{file.stem}-codes{file.suffix}")
    for picture, needs in (
        (file, ((_dimensions, "groups"), (_new, "results"))),
        (coded, ((_sizes, "smaller"), (_bounds, "codes"))),
    ):
        drawn = [each for each, key in needs if key in known]
        if not drawn:
            continue
        with pictured(picture, len(drawn), (6 * len(drawn), 4.5), dpi=100) as axes:
            for each, axis in zip(drawn, axes, strict=True):
                each(axis, lines)
                axis.legend(frameon=False, fontsize=8)


def _dimensions(axis: Any, lines: Lines) -> None:
    """Scores over numbers an assay, of whole panels, each with the most seeds that it has."""
    whole = {line["panel"]: line for line in lines if line.get("groups")}
    for place, (panel, line) in enumerate(whole.items()):
        group = line["groups"][0]
        for curve in group["curves"]:
            alone = curve["name"] == "single"
            share = [score / group["free"] for score in curve["scores"]]
            label = f"{panel}, {line['seeds']} seeds" if alone else None
            style = "--" if alone else "o-"
            axis.plot(curve["numbers"], share, style, ms=4, c=f"C{place}", label=label)
    axis.axhline(0.9, color="#8a8f98", lw=1)
    axis.set(xscale="log", xlabel="numbers an assay", ylabel="AUC above chance, share of free")
    axis.set_title("Numbers an assay: together (dots), alone (dashed)")


def _sizes(axis: Any, lines: Lines) -> None:
    found = list(sized(lines))
    for label, start in (("codes, folder", "code "), ("as pcba128", "as "), ("free", "free")):
        mine = sorted(
            (size, ap(scores)) for name, size, _, scores in found if name[: len(start)] == start
        )
        if mine:
            axis.plot(*zip(*mine, strict=True), "o-" if label == "as pcba128" else "s", label=label)
    axis.axvline(1e5, color="#8a8f98", lw=1)
    axis.set(xscale="log", xlabel="bytes", ylabel="mean AP, test", ylim=(0, None))
    axis.set_title("128 assays: AP of small models")


def _bounds(axis: Any, lines: Lines) -> None:
    """Bounds of the shortest code of each model."""
    codes = [(line["piece"], line["codes"][0]) for line in lines if line.get("codes")]
    for name, colour in (("error", "#3b7dd8"), ("balanced error", "#d1495b")):
        mine = [
            (piece.removeprefix("certificate "), each["rates"]["bound"], each["held_out"])
            for piece, code in codes
            for each in code["certificate"]["statements"]
            if each["name"] == name
        ]
        pieces, bounds, held = zip(*mine, strict=True)
        axis.scatter(pieces, bounds, marker="_", s=120, c=colour, label=f"{name}, bound")
        axis.scatter(pieces, held, s=18, c=colour, label=f"{name}, held out")
    axis.axhline(0.5, color="#8a8f98", lw=1)
    axis.tick_params(axis="x", rotation=75, labelsize=8)
    axis.set(ylim=(0, 1.05), title="Bounds, and errors on molecules left out")


def _new(axis: Any, lines: Lines) -> None:
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for (panel, m), scores in scores_of(lines).items():
        for name, more in less_baseline(scores).items():
            if name != BASELINE:
                found[panel, name][m] = float(more.mean())
    names = [*dict.fromkeys(name for _, name in found)]
    labelled = set[str]()
    for (panel, name), points in found.items():
        style = "o-" if panel.startswith("tox21") else "s--"
        label = None if name in labelled else name
        labelled.add(name)
        by_m = zip(*sorted(points.items()), strict=True)
        axis.plot(*by_m, style, label=label, c=f"C{names.index(name)}", ms=4)
    axis.axhline(0, color="#8a8f98", lw=1)
    axis.set(xscale="log", xlabel="molecules of the new assay", ylabel=f"ROC-AUC less {BASELINE}")
    axis.set_xticks(DRAWN, [str(m) for m in DRAWN])
    axis.minorticks_off()
    axis.set_title("New assays (Tox21 drawn through, ChEMBL dashed)")
