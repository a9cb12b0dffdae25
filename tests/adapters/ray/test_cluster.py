"""Addresses of clusters."""

from __future__ import annotations

import socket

import pytest

from bioassay_mtl.adapters.ray.cluster import check_reachable
from bioassay_mtl.errors import ConfigError


def test_an_address_where_nobody_listens_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_reachable(address)
    with pytest.raises(ConfigError, match=f"no Ray cluster at '{address}'"):
        check_reachable(address)
    with pytest.raises(ConfigError, match="no Ray cluster"):
        check_reachable("127.0.0.1:99999")


@pytest.mark.parametrize("address", [None, "auto", "local", "ray://somewhere:10001"])
def test_other_addresses_are_left_to_ray(address: str | None) -> None:
    check_reachable(address)
