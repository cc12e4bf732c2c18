"""The page of `ksim play --web`: what it serves, what it takes, and that pictures reach it."""

import http.client
import io
import json
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ksim_spec.diagnostics import SpecError
from ksim_spec.viewer import offscreen, web


class Puppet:
    """Stands in for a policy: remembers what it was asked and shows frames until told to stop."""

    model, body = None, ""

    def __init__(self):
        self.ranges, self.command = {"velocity.x": (-1.0, 1.0)}, {}
        self.asked, self.stop = [], threading.Event()

    def steer(self, command):
        self.command = dict(command)
        self.asked.append(command)

    def restart(self):
        self.asked.append("restart")

    def paced(self, seconds, frame_s):
        while not self.stop.wait(0.005):
            yield SimpleNamespace(qpos_Q=np.zeros(1), command_C=None, time_s=0.02)


class Painter:
    """Stands in for OpenGL."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def without_shadows(self):
        pass

    def frame(self, *_):
        return np.full((24, 32, 3), (200, 40, 40), np.uint8)


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(offscreen, "Stage", Painter)
    puppet = Puppet()
    with web.serving(puppet, "127.0.0.1", 0) as server:  # pyright: ignore[reportArgumentType]
        thread = threading.Thread(target=web.watch, args=(puppet, server, None, {}))
        thread.start()
        yield puppet, http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        puppet.stop.set()
        thread.join()


def ask(connection, method, path, body=None):
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_the_page_names_the_fields(page):
    _, connection = page
    status, html = ask(connection, "GET", "/")
    assert status == 200 and b"<form" in html
    status, fields = ask(connection, "GET", "/fields")
    assert json.loads(fields) == {"ranges": {"velocity.x": [-1.0, 1.0]}, "command": {}}


def test_pictures_arrive_as_jpeg(page):
    _, connection = page
    connection.request("GET", "/stream")
    answer = connection.getresponse()
    lines = [answer.readline() for _ in range(4)]
    jpeg = answer.read(int(lines[2].split(b":")[1]))
    red, green, blue = np.asarray(Image.open(io.BytesIO(jpeg)))[12, 16]
    assert red > 150 and green < 90 and blue < 90


def test_wishes_are_granted_between_frames(page):
    puppet, connection = page
    assert ask(connection, "POST", "/command", '{"velocity.x": 0.5}')[0] == 200
    assert ask(connection, "POST", "/restart", "{}")[0] == 200
    for _ in range(200):
        if len(puppet.asked) == 2:
            break
        puppet.stop.wait(0.02)
    assert puppet.asked == [{"velocity.x": 0.5}, "restart"]
    assert json.loads(ask(connection, "GET", "/fields")[1])["command"] == {"velocity.x": 0.5}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/command", "{"),
        ("/command", "[]"),
        ("/command", '{"velocity.z": 1}'),
        ("/command", '{"velocity.x": "1"}'),
        ("/command", '{"velocity.x": NaN}'),
        ("/command", " " * 20_000),
        ("/elsewhere", "{}"),
    ],
)
def test_nonsense_is_refused(page, path, body):
    puppet, connection = page
    assert ask(connection, "POST", path, body)[0] == 400
    assert puppet.asked == []


def test_nothing_else_is_served(page):
    assert ask(page[1], "GET", "/../pyproject.toml")[0] == 404


def test_a_port_that_is_taken_is_said():
    with web.serving(Puppet(), "127.0.0.1", 0) as server:  # pyright: ignore[reportArgumentType]
        again = web.serving(Puppet(), "127.0.0.1", server.server_port)  # pyright: ignore[reportArgumentType]
        with pytest.raises(SpecError, match="no page can be served"):
            again.__enter__()
