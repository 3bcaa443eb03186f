"""A corridor of ten cells that speaks the environment protocol, and breaks it in the way that the option `fault` names.

`right` and `left` move; the goal is the cell that the seed names. At the second action of an episode the fault happens.
"""

import json
import os
import subprocess
import sys
import time

FAULTS = sys.argv[1:]
state = None


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def answer(number, **members):
    say(json.dumps({"jsonrpc": "2.0", "id": number, **members}))


def refuse(number, code, message):
    answer(number, error={"code": code, "message": message})


def look():
    house = f" in house {os.getpid()}" if "forgetful" in FAULTS else ""
    return f"You are in cell {state['cell']} of 10{house}."


def misbehave(fault, number):
    print(f"about to {fault}", file=sys.stderr, flush=True)
    if fault == "hang":
        time.sleep(600)
    elif fault == "die":
        os._exit(7)
    elif fault == "flood":
        say("x" * (4 << 20))
    elif fault == "babble":
        answer(number, result=outcome(0))
        say("by the way")
        # Seen by whoever asks next.
        return True
    elif fault == "garbage":
        say("{not json")
    elif fault == "other-number":
        answer(number + 1, result=outcome(0))
    elif fault == "other-step":
        answer(number, result={**outcome(0), "step": 77})
    elif fault == "other-reward":
        answer(number, result=outcome(5))
    elif fault == "no-reward":
        answer(number, result={name: value for name, value in outcome(0).items() if name != "reward"})
    elif fault == "internal":
        refuse(number, -32603, "no idea")
    elif fault == "close":
        os.close(1)
        time.sleep(600)
    elif fault == "leak":
        kept = []
        while True:
            kept.append(bytearray(16 << 20))
    elif fault == "child":
        subprocess.Popen(["sleep", "600"])
        os._exit(3)
    return True


def outcome(reward, terminated=False, truncated=False):
    return {"step": state["step"], "observation": look(), "reward": reward, "terminated": terminated,
            "truncated": truncated, "info": {"success": terminated}}


def step(number, params):
    global state
    if state is None:
        return refuse(number, -32003, "no episode runs")
    if params["step"] != state["step"] + 1 and "counts-anything" not in FAULTS:
        return refuse(number, -32005, f"the next step is {state['step'] + 1}")
    if params["action"] not in ("left", "right") and "takes-anything" not in FAULTS:
        return refuse(number, -32002, f"there is no action '{params['action']}'")
    state["step"] += 1
    state["cell"] = max(0, min(9, state["cell"] + (1 if params["action"] == "right" else -1)))
    if state["step"] == 2 and state["fault"] and misbehave(state["fault"], number):
        return None
    reached = state["cell"] == state["goal"]
    result = outcome(1 if reached else 0, reached, not reached and state["step"] >= state["limit"])
    if (reached or result["truncated"]) and "never-ends" not in FAULTS:
        state = None
    return answer(number, result=result)


def handle(number, method, params):
    global state
    if method == "initialize":
        if "silent" in FAULTS:
            time.sleep(600)
        answer(number, result={
            "protocol_version": 2 if "other-version" in FAULTS else 1, "server": "scripted",
            "capabilities": {"deterministic": True, "admissible": "static", "oracle": True,
                             "reward": {"min": 0, "max": 1}}})
    elif method == "tasks":
        answer(number, result={"tasks": [{"id": "corridor", "options": {"task": "corridor"}}]})
    elif method == "reset":
        options = params["options"]
        if options.get("task", "corridor") != "corridor":
            return refuse(number, -32001, f"there is no task '{options['task']}'")
        unknown = set(options) - {"task", "fault", "limit"}
        if unknown:
            return refuse(number, -32602, f"there is no option {sorted(unknown)}")
        state = {"cell": 0, "goal": 1 + params["seed"] % 9, "step": 0, "fault": options.get("fault"),
                 "limit": int(options.get("limit", 20))}
        answer(number, result={"step": 0, "observation": look(), "info": {
            "goal": f"go to cell {state['goal']}", "max_steps": state["limit"], "actions": ["left", "right"]}})
    elif method == "step":
        step(number, params)
    elif method == "oracle":
        if state is None:
            return refuse(number, -32003, "no episode runs")
        if "oracle-dies" in FAULTS:
            os._exit(3)
        if "no-advice" in FAULTS:
            return answer(number, result={"action": None})
        answer(number, result={"action": "right" if state["cell"] < state["goal"] else "left"})
    elif method in ("ping", "close"):
        answer(number, result={})
        if method == "close":
            sys.exit(0)
    else:
        refuse(number, -32601, f"there is no method '{method}'")
    return None


if "deaf" in FAULTS:
    time.sleep(600)
for line in sys.stdin:
    request = json.loads(line)
    handle(request["id"], request["method"], request["params"])
if "stays" in FAULTS:
    time.sleep(600)
