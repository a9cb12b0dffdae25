"""What the pieces that are done say: Markdown, and a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import wilcoxon

from benchmarks.harness.plots import pictured
from benchmarks.harness.tables import markdown

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
    """How good models of so many bytes, or bits a number, are on the same molecules."""
    found: list[tuple[str, int, str, dict[str, float]]] = []
    for line in lines:
        if line["piece"].startswith("code "):
            for code in line["codes"]:
                bits = shown(code["bits"] / code["numbers"])
                found.append((line["piece"], code["bytes"], bits, code["after"]))
        elif line["piece"].startswith("free"):
            name, size = f"{line['piece']}, float32", 4 * line["numbers"]
            found.append((name, size, "32", line["before"]))
    free = {name: scores["average_precision"] for name, _, _, scores in found}
    for name, size, bits, scores in found:
        ap = scores["average_precision"]
        wanted = (free.get(f"free {which}, float32") for which in ("each alone", "all together"))
        shares = [f"{ap / each:.0%}" if each else "–" for each in wanted]
        yield [name, f"{size:,}", bits, f"{ap:.4f}", *shares, f"{scores['roc_auc']:.3f}"]


def new_assays(lines: Lines) -> Iterator[list[str]]:
    """Means, and differences to the forest (of each assay, over its draws), tested over assays."""
    keys = ["panel", "m", "assay", "draw"]
    found = pd.DataFrame(
        {"panel": line["panel"], "m": each["m"], "assay": each["assay"], "draw": line["draw"]}
        | each["roc_auc"]
        for line in lines
        for each in line.get("results", ())
    )
    if BASELINE not in found:
        return
    for key, scores in found.set_index(keys).groupby(level=keys[:2]):
        less = scores.sub(scores[BASELINE], axis=0).groupby(level="assay").mean()
        for name, own in scores.items():
            more = less[name].dropna()
            if len(more):
                p = f"{wilcoxon(more).pvalue:.3f}" if more.any() else ""
                said = [*map(str, key), str(name), f"{own.mean():.3f}", f"{more.mean():+.3f}", p]
                draws = own.dropna().index.get_level_values("draw").nunique()
                yield [*said, str(len(more)), str(draws)]


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
    """Scores over numbers an assay, of whole panels, each with the most seeds that it has."""
    whole = {line["panel"]: line for line in lines if line.get("groups")}
    if not whole:
        return
    with pictured(file, 1, (6, 4.5), dpi=100) as (axis,):
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
        axis.legend(frameon=False, fontsize=8)
