from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest

from tests.system import System


@pytest.fixture(scope="session")
def system(
    mongo_url: str, session_vhost_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """The four services, running."""
    folder: Path = tmp_path_factory.mktemp("system")
    system = System(mongo_url, session_vhost_url, folder)
    system.provision()
    system.start()
    yield system
    statuses = system.stop()
    with pymongo.MongoClient(mongo_url) as client:
        for name in client.list_database_names():
            if name.startswith(system.prefix):
                client.drop_database(name)
    assert set(statuses.values()) == {0}, statuses
