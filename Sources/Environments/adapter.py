"""The environment protocol of README.md beside this file: JSON-RPC 2.0 lines on stdin and stdout.

An environment is a class with the members of `Environment` below; `serve(Class)` is the whole program. Reading, counting
steps, truncation, order and errors are done here, so that all environments do them alike.
"""

import contextlib
import json
import os
import signal
import sys
import traceback

PROTOCOL_VERSION = 1
UNKNOWN_TASK, UNKNOWN_ACTION, NO_EPISODE, ORACLE_FAILED, OUT_OF_ORDER = -32001, -32002, -32003, -32004, -32005
NO_JSON, NO_REQUEST, UNKNOWN_METHOD, WRONG_PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603


class Refusal(Exception):
    """An error of the protocol, which never changes the episode."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Environment:
    """What an environment has. `reward` is the range of one step's."""

    server = "unnamed"
    deterministic = True
    admissible = "static"
    oracle = False
    reward = (0, 1)

    def tasks(self):
        """Every task: a list of {"id", "options", ...}."""
        raise NotImplementedError

    def begin(self, seed, options):
        """Begins an episode and returns (observation, goal, max_steps)."""
        raise NotImplementedError

    def act(self, action):
        """Does an action and returns (observation, reward, terminated, success, further members of info)."""
        raise NotImplementedError

    def actions(self):
        """The admissible actions now."""
        raise NotImplementedError

    def advise(self):
        """An expert's next action, or None."""
        raise NotImplementedError


def whole(options, name, default, smallest, largest):
    """The option `name` as a whole number within its range."""
    text = options.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or not smallest <= int(text) <= largest:
        raise Refusal(WRONG_PARAMS, f"the option {name}={text} is no whole number from {smallest} to {largest}")
    return int(text)


def refuse_unknown(options, known):
    for name in sorted(set(options) - set(known)):
        raise Refusal(WRONG_PARAMS, f"there is no option '{name}'; there are {', '.join(sorted(known))}")


@contextlib.contextmanager
def time_limit(seconds, message):
    """Gives up what runs for so long, such as a search that never ends, as an error of the oracle."""

    def give_up(*_):
        raise Refusal(ORACLE_FAILED, message)

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Session:
    """One program's life: an environment, the running episode, and the answer to each request."""

    def __init__(self, environment):
        self.environment = environment
        self.step_count = 0
        self.max_steps = 0
        self.is_running = False
        self.methods = {
            "initialize": self.initialize, "tasks": self.tasks, "reset": self.reset, "step": self.step,
            "oracle": self.oracle, "ping": lambda params: {}, "close": lambda params: {},
        }

    def answer(self, line):
        """The answer to one line, as an object, and whether the program ends with it."""
        number = None
        try:
            try:
                request = json.loads(line)
            except ValueError as error:
                raise Refusal(NO_JSON, f"no JSON: {error}") from None
            if not isinstance(request, dict) or not isinstance(request.get("method"), str) or "id" not in request:
                raise Refusal(NO_REQUEST, "no request: it needs jsonrpc, id and method")
            number = request["id"]
            method = self.methods.get(request["method"])
            if method is None:
                raise Refusal(UNKNOWN_METHOD, f"there is no method '{request['method']}'")
            params = request.get("params", {})
            if not isinstance(params, dict):
                raise Refusal(WRONG_PARAMS, "params is no object")
            return {"jsonrpc": "2.0", "id": number, "result": method(params)}, request["method"] == "close"
        except Refusal as error:
            return {"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": str(error)}}, False
        except Exception as error:
            traceback.print_exc()
            message = f"{type(error).__name__}: {error}"
            return {"jsonrpc": "2.0", "id": number, "error": {"code": INTERNAL, "message": message}}, False

    def initialize(self, params):
        environment = self.environment
        low, high = environment.reward
        return {
            "protocol_version": PROTOCOL_VERSION, "server": environment.server,
            "capabilities": {
                "deterministic": environment.deterministic, "admissible": environment.admissible,
                "oracle": environment.oracle, "reward": {"min": low, "max": high},
            },
        }

    def tasks(self, params):
        return {"tasks": self.environment.tasks()}

    def reset(self, params):
        seed, options = params.get("seed"), params.get("options", {})
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 1 << 53:
            raise Refusal(WRONG_PARAMS, "seed is no whole number from 0 to 2^53 - 1")
        if not isinstance(options, dict) or not all(isinstance(value, str) for value in options.values()):
            raise Refusal(WRONG_PARAMS, "options is no object of texts")
        self.is_running = False
        observation, goal, self.max_steps = self.environment.begin(seed, options)
        self.step_count, self.is_running = 0, True
        info = {"goal": goal, "max_steps": self.max_steps, **self.listed(params, at_reset=True)}
        return {"step": 0, "observation": observation, "info": info}

    def step(self, params):
        if not self.is_running:
            raise Refusal(NO_EPISODE, "no episode runs")
        action, number = params.get("action"), params.get("step")
        if not isinstance(action, str):
            raise Refusal(WRONG_PARAMS, "action is no text")
        if number != self.step_count + 1:
            raise Refusal(OUT_OF_ORDER, f"the next step is {self.step_count + 1}, not {number}")
        observation, reward, terminated, success, info = self.environment.act(action)
        self.step_count += 1
        truncated = not terminated and self.step_count >= self.max_steps
        self.is_running = not terminated and not truncated
        return {
            "step": self.step_count, "observation": observation, "reward": reward, "terminated": terminated,
            "truncated": truncated, "info": {"success": success, **info, **self.listed(params)},
        }

    def listed(self, params, at_reset=False):
        """The admissible actions where they are asked for, or never change."""
        kind = self.environment.admissible
        wanted = at_reset if kind == "static" else kind == "per-state" and "actions" in params.get("include", [])
        return {"actions": self.environment.actions()} if wanted and self.is_running else {}

    def oracle(self, params):
        if not self.environment.oracle:
            raise Refusal(UNKNOWN_METHOD, "there is no oracle")
        if not self.is_running:
            raise Refusal(NO_EPISODE, "no episode runs")
        return {"action": self.environment.advise()}


def serve(make_environment):
    """Answers stdin's lines on stdout until its end. Whatever libraries print goes to stderr."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    session = Session(make_environment())
    for line in sys.stdin:
        answer, is_last = session.answer(line)
        protocol.write(json.dumps(answer, ensure_ascii=False, separators=(",", ":")) + "\n")
        protocol.flush()
        if is_last:
            break
