"""Whom the pair imitates: BabyAI's own bot, held to what the model can see, with its reasons in words.

The bot of the adapter sees the whole level, so that a model could only guess why it turns to what nobody shows it. Here the bot
sees the present view alone. Where what it needs is out of view the advice is to look around: on in the direction of the last
turn, or to the side where more room is; and where that was seen before, as the bot goes that sees all.
"""

import dataclasses

import numpy
from minigrid.utils.baby_ai_bot import BabyAIBot, DisappearedBoxError, ExploreSubgoal, GoNextToSubgoal

from babyai_text import ACTIONS, TURNS, plan, put_down, steps

VIEW = 7
FAILURES = (AssertionError, AttributeError, DisappearedBoxError, IndexError, TypeError, ValueError)
# The bot searches for ever in a few states.
MOST_SEARCHES = 400


class Endless(AssertionError):
    pass


class Bot(BabyAIBot):
    def _breadth_first_search(self, *arguments, **named):
        if self.bfs_counter > MOST_SEARCHES:
            raise Endless
        return super()._breadth_first_search(*arguments, **named)


@dataclasses.dataclass
class Advice:
    thoughts: list
    action: str


def ask(env, sees_all):
    """The bot's stack and action, from this state on as if nothing had been before."""
    bot = Bot(env)
    bot.vis_mask[:] = sees_all
    bot.stack.clear()
    plan(bot, env.instrs)
    action = int(bot.replan())
    return bot, action


def name(thing):
    return " ".join(word for word in (getattr(thing, "color", None), getattr(thing, "type", None)) if word) or "object"


def place(env, position):
    """Where a cell lies, in the words of an observation."""
    offset = numpy.asarray(position) - env.agent_pos
    ahead, right = int(offset @ env.dir_vec), int(offset @ env.right_vec)
    places = [steps(abs(right), "right" if right > 0 else "left")] if right else []
    if ahead:
        places.append(steps(abs(ahead), "forward" if ahead > 0 else "back"))
    return " and ".join(places) or "here"


def aim(env, bot):
    """What the bot goes for now: a name and a cell."""
    goal = bot.stack[-1]
    position = env.front_pos
    if isinstance(goal, GoNextToSubgoal):
        if hasattr(goal.datum, "obj_set"):
            thing, position = bot._find_obj_pos(goal.datum, goal.reason == "PutNext")
            return name(thing), position
        position = goal.datum.cur_pos if hasattr(goal.datum, "cur_pos") else goal.datum
    thing = env.grid.get(*position)
    return name(thing) if thing else "free place", position


def wanted(bot):
    """What the bot looks for: the innermost thing that it goes to."""
    for goal in reversed(bot.stack):
        if isinstance(goal, GoNextToSubgoal) and goal.reason != "Explore":
            return name(goal.datum) if hasattr(goal.datum, "type") else "free place"
    return "object"


def beside(env):
    """What is ahead, left and right of the agent."""
    def at(vector):
        thing = env.grid.get(*(env.agent_pos + vector))
        return "free" if thing is None or (thing.type == "door" and thing.is_open) else thing.type

    return f"ahead {at(env.dir_vec)}, left {at(-env.right_vec)}, right {at(env.right_vec)}"


def room(env, vector):
    """How far one could look along a vector, up to the edge of the view."""
    position = env.agent_pos + vector
    count = 0
    while count < VIEW // 2:
        thing = env.grid.get(*position)
        if thing is not None and thing.type in ("wall", "door"):
            break
        count, position = count + 1, position + vector
    return count


def search(env, actions, seen, bot_action):
    """Where to look for what is out of view."""
    if seen:
        return bot_action
    turned = [action for action in actions[-2:] if action in TURNS]
    if turned:
        return turned[-1]
    return "turn left" if room(env, -env.right_vec) > room(env, env.right_vec) else "turn right"


def attempt(env, sees_all):
    """The bot's answer to this state, None where it fails or thinks that all is done."""
    try:
        bot, action = ask(env, sees_all)
        return (bot, ACTIONS[action]) if action < len(ACTIONS) else None
    except FAILURES:
        return None


def action_of(attempted):
    return attempted and attempted[1]


def reasoned(env, bot, action):
    thing, position = aim(env, bot)
    return Advice([f"{thing} {place(env, position)}", beside(env)], action)


def advise(env, actions, seen):
    """The advice in this state, None where there is none.

    `actions` are those done so far, `seen` how often the present view was seen before.
    """
    if rid := put_down(env, lambda: action_of(attempt(env, True))):
        action, direction = rid
        return Advice([f"free place {place(env, env.agent_pos + direction)}", beside(env)], action)
    all_knowing = attempt(env, True)
    if all_knowing is None:
        return None
    if env.in_view(*aim(env, all_knowing[0])[1]):
        return reasoned(env, *all_knowing)
    seeing = attempt(env, False)
    if seeing and not any(isinstance(goal, ExploreSubgoal) or goal.reason == "Explore" for goal in seeing[0].stack):
        return reasoned(env, *seeing)
    looked_for = wanted((seeing or all_knowing)[0])
    return Advice([f"{looked_for} not in view", beside(env)], search(env, actions, seen, all_knowing[1]))
