"""The folders and files of the repository that more than one part of infra uses."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LOCAL = REPOSITORY / ".local"
POOLS = REPOSITORY / "infra" / "pools.json"
