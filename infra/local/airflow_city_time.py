"""Let the pages of Airflow show the city's time: copied to $AIRFLOW_HOME/plugins and read by every Airflow process.

Airflow has no setting for it: each browser keeps its own choice and begins with the time zone of its machine, which on a server is often
UTC. A line of script in the page makes the city's time the first choice; what a person chooses afterwards stays.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from lakehouse.config import Instance

# `timezone` is the key under which the pages keep the choice.
SCRIPT = "<script>if (!localStorage.getItem('timezone')) localStorage.setItem('timezone', JSON.stringify('{zone}'))</script></head>"
Asgi = Callable[..., Awaitable[None]]


class CityTime:
    """Writes the script into the pages that a browser opens; all other answers pass through."""

    def __init__(self, app: Asgi, zone: str) -> None:
        self._app = app
        self._script = SCRIPT.format(zone=zone).encode()

    async def __call__(self, scope: dict[str, Any], receive: Asgi, send: Asgi) -> None:
        """Answer a request."""
        if scope["type"] != "http" or b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
            await self._app(scope, receive, send)
            return
        answer: list[dict[str, Any]] = []

        async def keep(message: dict[str, Any]) -> None:
            answer.append(message)

        asked = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]  # what is packed cannot be written into
        await self._app({**scope, "headers": asked}, receive, keep)
        start, *parts = answer
        body = b"".join(part.get("body", b"") for part in parts)
        headers = {name.lower(): value for name, value in start["headers"]}
        if headers.get(b"content-type", b"").startswith(b"text/html"):
            body = body.replace(b"</head>", self._script, 1)
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})


class CityTimePlugin(AirflowPlugin):
    """Adds the script to the pages of Airflow."""

    name = "huiliu_city_time"
    fastapi_root_middlewares = ({"middleware": CityTime, "kwargs": {"zone": Instance().timezone.key}, "name": "city time"},)
