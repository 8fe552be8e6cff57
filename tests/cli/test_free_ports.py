"""Matches begun at the same moment do not choose each other's ports."""

import os

from cli.free_ports import free_offset
from cli.match_config import Ports


def chosen(monkeypatch, pid):
    monkeypatch.setattr(os, "getpid", lambda: pid)
    ports = Ports(offset=free_offset())
    return set(ports.all)


def test_neighbouring_processes_choose_different_ports(monkeypatch):
    found = [chosen(monkeypatch, pid) for pid in range(5000, 5020)]
    assert len(set().union(*found)) == 4 * 20
