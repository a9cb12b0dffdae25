"""Registries take the kinds of other packages, and only those that somebody asks for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, PluginError
from bioassay_mtl.plugins import forget_installed
from bioassay_mtl.registry import Registry, class_of, function, kinds_in, open_registries
from tests.plugin_packages import write_package

GROUP = "bioassay_mtl.dishes"
KINDS = """
from typing import Literal
from bioassay_mtl.config import Config
class Soup(Config):
    kind: Literal["soup"] = "soup"
    salt: int = 1
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package that brings dishes; what it imports is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def installed(name: str, points: dict[str, str], **modules: str) -> None:
        write_package(tmp_path, name, {GROUP: points}, modules)

    yield installed
    for module in set(sys.modules) - before:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[module]
    forget_installed()


@pytest.fixture
def dishes(monkeypatch: pytest.MonkeyPatch) -> Registry[type[Config]]:
    """A registry with one kind built in."""
    monkeypatch.setitem(open_registries, GROUP, None)  # removed again, whatever takes its place
    made: Registry[type[Config]] = Registry(
        "dish", "dishes", class_of("bioassay_mtl.config:Config")
    )
    bread = type("Bread", (Config,), {"__module__": "bioassay_mtl.kitchen"})
    made.register("bread")(bread)
    return made


def test_a_kind_is_imported_when_its_name_is_asked_for(
    dishes: Registry[type[Config]], install: Install
) -> None:
    with pytest.raises(ConfigError, match=r"unknown dish 'soup' \(known: bread\)"):
        dishes["soup"]
    install("some-dishes", {"soup": "soups:Soup", "pie": "pies:Pie"}, soups=KINDS, pies="1 / 0")
    with pytest.raises(ConfigError, match=r"unknown dish 'soap' \(did you mean 'soup'\?\)"):
        dishes["soap"]
    assert "soups" not in sys.modules
    assert dishes["soup"] is sys.modules["soups"].Soup
    assert dishes["soup"].of({"kind": "soup", "salt": 2}).model_dump()["salt"] == 2
    assert "pies" not in sys.modules
    found = dishes.plugin("soup")
    assert found
    assert (found.distribution, found.version, found.target) == ("some-dishes", "1.0", "soups:Soup")
    assert dishes.plugin("bread") is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named 'no_s"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("Soup = 3", "is no dish: a subclass of bioassay_mtl.config.Config is expected, found 3"),
        ("Other = 3", "cannot be imported: AttributeError: module 'soups' has no attribute 'Soup'"),
        (KINDS.replace('"soup"', '"stew"'), "need a field kind: Literal['soup'] = 'soup', found '"),
    ],
)
def test_a_broken_one_is_named_and_stops_nothing_else(
    dishes: Registry[type[Config]],
    install: Install,
    caplog: pytest.LogCaptureFixture,
    code: str,
    message: str,
) -> None:
    install(
        "good",
        {"salad": "salads:Salad"},
        salads=KINDS.replace("soup", "salad").replace("Soup", "Salad"),
    )
    install("bad", {"soup": "soups:Soup"}, soups=code)
    named = "plug-in 'soup' of bad 1.0 (entry point 'soups:Soup' in group 'bioassay_mtl.dishes') "
    with pytest.raises(PluginError) as caught:
        dishes["soup"]
    assert str(caught.value).startswith(named)
    assert message in str(caught.value)
    with caplog.at_level(logging.WARNING):
        assert sorted(dishes) == ["bread", "salad"]
        assert [*dishes.items()] == [(name, dishes[name]) for name in dishes]
        assert "soup" not in dishes
    assert [record.getMessage() for record in caplog.records] == [str(caught.value)]


def test_a_name_that_is_built_in_stays_so(
    dishes: Registry[type[Config]], install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    bread = dishes["bread"]
    install("baker", {"bread": "breads:Bread"}, breads="1 / 0")
    assert dishes["bread"] is bread
    assert list(dishes) == ["bread"]
    assert "breads" not in sys.modules
    (record,) = caplog.records
    assert record.getMessage() == (
        "plug-in 'bread' of baker 1.0 (entry point 'breads:Bread' in group 'bioassay_mtl.dishes') "
        "is left out: dish 'bread' is built in"
    )


def test_of_two_packages_with_one_name_neither_is_used(
    dishes: Registry[type[Config]], install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("first", {"soup": "soups:Soup"}, soups=KINDS)
    install("second", {"soup": "others:Soup"}, others=KINDS)
    with pytest.raises(PluginError, match=r"several packages, .*of first 1.0 .*of second 1.0 "):
        dishes["soup"]
    assert list(dishes) == ["bread"]
    assert len(caplog.records) == 1


def test_a_late_built_in_kind_takes_its_name_back(
    dishes: Registry[type[Config]], install: Install
) -> None:
    install("early", {"soup": "soups:Soup"}, soups=KINDS)
    assert dishes["soup"].__module__ == "soups"
    own = type("Soup", (Config,), {"__module__": "bioassay_mtl.kitchen"})
    dishes.register("soup")(own)
    assert dishes["soup"] is own
    with pytest.raises(ValueError, match="registered twice"):
        dishes.register("soup")(type("Soup", (Config,), {}))


def test_a_decorator_and_an_entry_point_go_together(
    dishes: Registry[type[Config]], install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    decorated = (
        "from bioassay_mtl.registry import open_registries\n"
        + KINDS
        + f"open_registries[{GROUP!r}].register('soup')(Soup)\n"
    )
    install("both", {"soup": "soups:Soup"}, soups=decorated)
    assert sorted(dishes) == ["bread", "soup"]
    found = dishes.plugin("soup")
    assert found
    assert found.distribution == "both"
    assert not caplog.records


def test_code_of_this_process_alone_is_told_from_a_plugin(
    dishes: Registry[type[Config]], install: Install
) -> None:
    dishes.register("mine")(type("Mine", (Config,), {"__module__": "__main__"}))
    dishes.check_shared("bread")
    with pytest.raises(ConfigError) as caught:
        dishes.check_shared("mine")
    assert "dish 'mine' is known to this process alone, for __main__ registered it" in str(
        caught.value
    )
    assert "entry point 'mine' in the group 'bioassay_mtl.dishes': see docs/plugins.md" in str(
        caught.value
    )
    install("shared", {"mine": "mines:Mine"}, mines="1 / 0")
    dishes.check_shared("mine")


def test_kinds_are_found_wherever_settings_hold_them() -> None:
    from bioassay_mtl.chem.fingerprints import fingerprint_from
    from bioassay_mtl.nn.architectures.base import network_config

    group = {"kind": "mlp", "inputs": ["morgan"]}
    member = network_config(
        {"kind": "mmoe", "experts": group, "gate": {"kind": "linear"}, "tower": {"kind": "mlp"}}
    )
    joined = network_config({"kind": "ensemble", "members": [member]})
    found = {
        (registry.group.partition(".")[2], name)
        for registry, name in kinds_in((joined, {"morgan": fingerprint_from({"kind": "maccs"})}))
    }
    assert found == {
        ("networks", "ensemble"),
        ("networks", "mmoe"),
        ("experts", "mlp"),
        ("gates", "linear"),
        ("towers", "mlp"),
        ("fingerprints", "maccs"),
    }


def test_a_registry_of_functions_takes_functions() -> None:
    assert function("sum", sum) is sum
    for other in (3, Config):
        with pytest.raises(TypeError, match="a function is expected"):
            function("other", other)


def test_what_is_built_in_fits_what_is_expected_of_plugins() -> None:
    from bioassay_mtl.cli.plugins import registries

    for group, registry in registries().items():
        assert registry.loaded(), group
        for name, entry in registry.items():
            assert registry._accept
            found = registry._accept(name, entry)
            assert type(found) is type(entry), (group, name)
            assert registry.is_built_in(name)


@pytest.mark.parametrize(
    ("group", "entry", "message"),
    [
        ("bioassay_mtl.gates", Config, "a subclass of bioassay_mtl.nn.gates.Gate is expected"),
        ("bioassay_mtl.networks", Config, "a subclass of torch.nn.Module is expected"),
        ("bioassay_mtl.metrics", Config, "a function is expected"),
        ("bioassay_mtl.metrics.regression", 3, "a function is expected"),
    ],
)
def test_what_does_not_fit_is_said(group: str, entry: object, message: str) -> None:
    from bioassay_mtl.cli.plugins import registries

    accept = registries()[group]._accept
    assert accept
    with pytest.raises(TypeError, match=message):
        accept("mine", entry)


def test_a_balancer_needs_settings() -> None:
    from bioassay_mtl.balance import Balancer, balancers

    assert balancers._accept
    with pytest.raises(TypeError, match="config_class, a subclass of Config, is expected"):
        balancers._accept("mine", type("Mine", (Balancer,), {}))
