"""The start page leads to what is there and says what is not; the pages are served to this machine, and nothing but the pages."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from application import docs
from application.pages import report, serving, start
from lakehouse.config import Instance, Settings
from tests.application.pages import reports
from tests.application.pages.browser import see

SITE = Path("gx", "uncommitted", "data_docs", "local_site")
SECRET = "not for anybody"
HELD = ("keys/spark.token", "store/exchange/x.json", "store/landing/x.html", "instance.json", "derived/docs/dbt/profiles.yml")
HELD += ("derived/docs/dbt/target/manifest.json", "derived/gx/uncommitted/validations/x.json", "derived/report/.draft.html")
FOREIGN = [
    *("/derived/../keys/spark.token", "/../keys/spark.token", "/docs/../../keys/spark.token", "/docs/../../instance.json"),
    *("/docs/%2e%2e/%2e%2e/keys/spark.token", "/docs/..%2f..%2fkeys%2fspark.token", "/docs/%252e%252e/%252e%252e/keys/spark.token"),
    *("/docs/..%5c..%5ckeys%5cspark.token", "//keys/spark.token", "/docs//../../keys/spark.token", "/docs/%00.html", "/docs/%ff.html"),
    *("/store/exchange/x.json", "/store/landing/x.html", "/docs/../../store/landing/x.html", "/docs/link.html", "/docs/out/x.html"),
    *("/docs/dbt/profiles.yml", "/docs/dbt/target/manifest.json", "/gx/uncommitted/validations/x.json", "/report/.draft.html"),
    *("/docs", "/docs/", "/report/", "/gx/", "/" + SITE.as_posix(), "/" + SITE.as_posix() + "/", "/docs/handbook/cookbooks/"),
    *("/etc/passwd", "/docs/none.html", "/favicon.ico"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Return an instance that never ran, with the pages made without a server, a day's report, and things that nobody may read."""
    instance = Instance(Settings(home=tmp_path_factory.mktemp("home")))
    docs.write_dictionary(instance)
    docs.handbook.write(instance.folder("derived", "docs", "handbook"))
    report.write(instance.folder("derived", "report"), reports.busy())
    (instance.folder("derived", *SITE.parts) / "index.html").write_text("<title>runs</title>", "utf-8")
    for name in HELD:
        path = instance.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SECRET, "utf-8")
    (instance.home / "derived" / "docs" / "link.html").symlink_to(instance.home / "store/landing/x.html")
    (instance.home / "derived" / "docs" / "out").symlink_to(instance.home / "store/landing")
    start.write(instance)
    return instance


@pytest.fixture(scope="module")
def port(home: Instance) -> Iterator[int]:
    """Return the port on which the pages of the instance are served."""
    server, thread = serving.start(
        "127.0.0.1", 0, serving.served(home.home / "derived", lambda _, respond: [respond("200 OK", []) and b"", b"numbers"])
    )
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def ask(port: int, path: str, method: str = "GET", host: str = "127.0.0.1") -> tuple[int, dict[str, str], bytes]:
    """Return what a request as it is written gets: status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"{host}:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


@pytest.mark.fast
def test_every_link_of_the_start_page_answers_and_what_is_missing_is_none(port: int) -> None:
    status, headers, _ = ask(port, "/")
    assert (status, headers["Location"]) == (302, "/docs/start.html")
    page = ask(port, headers["Location"])[2].decode()
    links = set(re.findall(r'<a href="([^"#]+)"', page))
    reached = {urljoin("/docs/start.html", link) for link in links}
    assert {"/docs/dictionary.html", "/docs/query.html", "/report/2026-06-02.html", f"/{SITE.as_posix()}/index.html"} <= reached
    assert {path: ask(port, path)[0] for path in reached} == dict.fromkeys(reached, 200)
    missing = re.findall(r'<div class="missing">.*?<strong>.*?lang="zh">([^<]+)<.*?尚无', page, re.DOTALL)
    assert missing == ["加工血缘", "调度（Airflow）", "指标"]


@pytest.mark.fast
@pytest.mark.parametrize("path", FOREIGN)
def test_nothing_but_the_pages_is_served(port: int, path: str) -> None:
    status, _, body = ask(port, path)
    assert (status, SECRET.encode() in body) == (404, False)


@pytest.mark.fast
def test_the_pages_are_read_only_and_for_this_machine(port: int) -> None:
    assert {method: ask(port, "/docs/start.html", method)[0] for method in ("POST", "PUT", "DELETE", "OPTIONS")} == dict.fromkeys(
        ("POST", "PUT", "DELETE", "OPTIONS"), 405
    )
    status, headers, body = ask(port, "/docs/start.html", "HEAD")
    assert (status, body, int(headers["Content-Length"]) > 1000) == (200, b"", True)
    assert ask(port, "/docs/none.html", "HEAD")[0::2] == (404, b"")
    assert ask(port, "/docs/start.html", host="evil.example")[0] == 403
    assert ask(port, "/docs/start.html", host="localhost")[0] == 200
    assert ask(port, "/metrics", host="prometheus")[2] == b"numbers"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.fast
def test_an_instance_that_has_nothing_yet_has_a_start_page_without_dead_links(tmp_path: Path) -> None:
    page = start.write(Instance(Settings(home=tmp_path)))
    links = re.findall(r'<a href="([^"#]+)"', page.read_text("utf-8"))
    assert [link for link in links if not Path(os.path.normpath(page.parent / link)).is_file()] == []
    assert [Path(link).name for link in links] == ["query.html"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["start", "query", "handbook/cookbooks/week"])
def test_the_pages_are_read_on_a_phone_and_on_a_desk(home: Instance, tmp_path: Path, name: str, width: int) -> None:
    seen = see(home.home / "derived" / "docs" / f"{name}.html", tmp_path / "look", width)
    assert seen.width <= seen.window == width
    assert seen.lang == "zh"
    assert (seen.faint, seen.loaded) == ([], [])
    if name == "start":
        assert [
            word
            for word in ("最新日报 2026-06-02", "数据字典", "质检结果", "操作手册", "尚无：由 huiliu docs 生成")
            if word not in seen.text
        ] == []
        assert "Data dictionary" in seen.text  # English stands small beside it
        assert "not there yet: made by huiliu docs" in seen.other_text
