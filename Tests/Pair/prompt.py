"""What londid shows a model that acts, and what the two models of the pair answer.

`prompt` is the text of Sources/Episodes/Scene.swift with `ShownActions=4` (8 in ScienceWorld) and
`ShownObservations=1`, which SceneTests spells out.
The chat template puts BEGIN before it and ANSWER behind it, and an answer ends with END.
"""

ACTIONS = ["turn left", "turn right", "go forward", "pick up", "drop", "toggle"]
SHOWN_ACTIONS, SCIENCEWORLD_SHOWN_ACTIONS = 4, 8
BEGIN, ANSWER, END = "<|begin|>", "<|answer|>", "<|end|>"
CHAT_TEMPLATE = BEGIN + "{% for message in messages %}{{ message['content'] }}{% endfor %}" + ANSWER


def times(count):
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def prompt(goal, observations, actions):
    """The text before the action that follows `actions`; `observations` has one more, the newest last."""
    possible = f"Possible actions of the agent: {', '.join(ACTIONS)}"
    return "\n".join([possible, *scene(goal, observations, actions, SHOWN_ACTIONS)])


def scienceworld_prompt(goal, observations, actions):
    """The same for ScienceWorld, without possible actions, which are too many."""
    return "\n".join(scene(goal, observations, actions, SCIENCEWORLD_SHOWN_ACTIONS))


def scene(goal, observations, actions, most):
    """The lines of the goal, of the last actions, at most `most`, and of what is seen."""
    lines, shown = [f"Goal of the agent: {goal}"], actions[-most:]
    lines += [f"Action {number}: {action}" for number, action in enumerate(shown)]
    seen = observations[:-1].count(observations[-1])
    mark = f", seen {times(seen)} before" if seen else ""
    return lines + [f"Observation {len(shown)}{mark}: {observations[-1]}", f"Action {len(shown)}:"]


def answer(thoughts, action):
    """What a model that thinks first is to write; one that does not writes the action alone."""
    return "\n".join([*thoughts, f"Action: {action}"])
