"""An HTTP proxy before the emulator's Kinesis that does what the emulator does not.

It throttles and breaks calls as it is told, drops what was trimmed, and has shards split or merge:
the emulator's own shards are given parents, of which each ends behind its last record and then
names its children, as Kinesis documents it.
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
"""

from __future__ import annotations

import http
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.faulty_api import NONE, Fault, Handler, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class FaultyStream(Proxy):
    """The proxy, while the `with` block lasts.

    Attributes:
        endpoint: URL of the emulator.
        decide: gives the fault of a call by its action and its number among those, from 0.
        parents: children to the shards that they came from; a child is there from then on.
        hidden: shards that are not there yet.
        trimmed: for a shard the last sequence number that its stream has dropped.
        fired: how many calls had a fault.
        calls: how many there were of each action.
    """

    endpoint: str
    decide: Callable[[str, int], Fault] = lambda _action, _number: NONE
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    trimmed: dict[str, str] = field(default_factory=dict)
    fired: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    shards: dict[str, str] = field(default_factory=dict)  # by iterator

    @property
    def handler(self) -> type[Handler]:
        return _Handler

    def reshard(self, *parents: str, to: tuple[str, ...]) -> None:
        """Split a shard, or merge two: their children are there, and they end."""
        self.hidden -= {*to}
        self.parents |= dict.fromkeys(to, parents)

    def take(self, action: str) -> Fault:
        with self.lock:
            fault = self.decide(action, self.calls[action])
            self.calls[action] += 1
            self.fired += fault != NONE
        return fault

    def alter(self, action: str, asked: dict[str, Any], answer: dict[str, Any]) -> None:
        """Change an answer to what Kinesis says of these shards."""
        if action == "ListShards":
            self._alter_shards(answer)
        elif action == "GetShardIterator":
            self.shards[answer["ShardIterator"]] = asked["ShardId"]
        elif action == "GetRecords":
            self._alter_records(self.shards[asked["ShardIterator"]], answer)

    def _alter_shards(self, answer: dict[str, Any]) -> None:
        answer["Shards"] = [each for each in answer["Shards"] if each["ShardId"] not in self.hidden]
        closed = {parent for parents in self.parents.values() for parent in parents}
        for shard in answer["Shards"]:
            names = ("ParentShardId", "AdjacentParentShardId")
            shard.update(zip(names, self.parents.get(shard["ShardId"], ()), strict=False))
            if shard["ShardId"] in closed:
                shard["SequenceNumberRange"]["EndingSequenceNumber"] = "9" * 56

    def _alter_records(self, shard_id: str, answer: dict[str, Any]) -> None:
        self.shards[answer["NextShardIterator"]] = shard_id
        children = [each for each, parents in self.parents.items() if shard_id in parents]
        if children and not answer["MillisBehindLatest"]:
            del answer["NextShardIterator"]
            answer["ChildShards"] = [
                {
                    "ShardId": child,
                    "ParentShards": list(self.parents[child]),
                    "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
                }
                for child in children
            ]
        oldest = self.trimmed.get(shard_id, "")
        answer["Records"] = [each for each in answer["Records"] if each["SequenceNumber"] > oldest]


class _Handler(Handler):
    api: FaultyStream

    def carry_out(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers.get("X-Amz-Target", "").split(".")[-1]
        fault = self.api.take(action)
        if fault.reset == "before":
            self.break_off()
        elif fault.status != http.HTTPStatus.OK:
            error = {"__type": fault.code, "message": "secret"}
            self.answer(fault.status, json.dumps(error).encode())
        else:
            status, answer = self.forward(body)
            if status == http.HTTPStatus.OK and answer:
                value = json.loads(answer)
                self.api.alter(action, json.loads(body), value)
                answer = json.dumps(value).encode()
            if fault.reset:
                self.break_off()
            else:
                self.answer(status, answer)
