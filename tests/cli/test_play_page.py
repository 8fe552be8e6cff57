"""`op3-soccer play --page`: an operator and a spectator in a simulated match."""

import socket
import threading

from match.state import DecisionKind
from tests.match.page.peer import Peer
from tests.match.page.views import TOKEN


def free_tcp_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def connected(port, **how):
    """A peer, as soon as the page is served."""
    for _ in range(300):
        try:
            return Peer(port, **how)
        except ConnectionRefusedError:
            threading.Event().wait(0.1)
    raise AssertionError("expected a page within 30 s, found none")


def test_an_operator_stops_and_ends_a_match_and_a_spectator_cannot(
    stadium, monkeypatch, capsys
):
    monkeypatch.setenv("OP3_SOCCER_PAGE_TOKEN", TOKEN)
    port = free_tcp_port()
    codes = []

    def play():
        arguments = ["--seconds", "600", "--no-video", "--page", str(port)]
        codes.append(stadium.play(*arguments))

    match = threading.Thread(target=play)
    match.start()
    with connected(port, stored_token=TOKEN) as operator, connected(port) as spectator:
        buttons = operator.component("GuiButtonGroupMessage", "Play")
        flow = operator.component("GuiButtonGroupMessage", "Go on")
        spectator.component("GuiTextMessage", "Token")
        spectator.change(flow, "Finish")
        operator.change(buttons, "Stop")
        assert spectator.wait(lambda: "STOPPED" in spectator.texts())
        # Servos are read one by one; the head's is the last of 20.
        assert spectator.wait(lambda: "head_tilt" in spectator.texts())
        operator.change(flow, "Finish")
        match.join(30)
    assert codes == [0]
    kinds = [decision.kind for decision in stadium.match.log.decisions]
    assert DecisionKind.STOPPED in kinds
    assert kinds.count(DecisionKind.FINISHED) == 1
    ended = stadium.match.log.decisions[-1]
    assert ended.command
    said = capsys.readouterr().out
    assert f"control: http://localhost:{port}/?token={TOKEN}" in said
