"""BabyAI-Text on minigrid's BabyAI levels: grid worlds seen in sentences.

Options: `level` (such as GoToLocal, or the mixtures MixedTrainLocal and MixedTestLocal), `max_steps` (64 unless given).
Six actions. A success is worth 20 (1 - 0.9 step / max_steps), all else 0.

- Source: Carta et al. 2023, "Grounding Large Language Models in Interactive Environments with Online Reinforcement
  Learning" (arXiv 2302.02662): the sentences, the actions, the reward, the mixed tasks and the words that training leaves
  out. The mixtures' code is not published on PyPI: theirs is drawn anew here, one of five kinds of task for each seed.
"""

import random

from adapter import UNKNOWN_ACTION, UNKNOWN_TASK, Environment, Refusal, refuse_unknown, serve, time_limit, whole

ACTIONS = ["turn left", "turn right", "go forward", "pick up", "drop", "toggle"]
TURNS = {"turn left": -1, "turn right": 1}
MIXTURES = ["MixedTrainLocal", "MixedTestLocal"]
KINDS = ["go to", "pick up", "put next to", "open", "pick up then go to"]
# What no mission of MixedTrainLocal names, and each of MixedTestLocal does.
HELD_OUT = {("yellow", "box"), ("red", "key"), ("red", "door"), ("green", "ball"), ("grey", "door")}
REWARD_SCALE = 20
DEFAULT_STEPS = 64
# The view is 7 x 7 cells, with the agent at the middle of its last row.
VIEW_COLUMN, VIEW_ROW = 3, 6


def steps(count, direction):
    return f"{count} step{'s' if count > 1 else ''} {direction}"


def sentences(env):
    """What the agent sees, a sentence each: what it carries, walls, then objects from left to right and far to near."""
    from minigrid.core.world_object import Door, Wall

    grid, visible = env.gen_obs_grid()

    def seen(column, row):
        return grid.get(column, row) if visible[column, row] else None

    lines = []
    if env.carrying is not None:
        lines.append(f"You carry a {env.carrying.color} {env.carrying.type}")
    views = [
        ("forward", [(VIEW_COLUMN, row) for row in range(VIEW_ROW - 1, -1, -1)]),
        ("left", [(column, VIEW_ROW) for column in range(VIEW_COLUMN - 1, -1, -1)]),
        ("right", [(column, VIEW_ROW) for column in range(VIEW_COLUMN + 1, grid.width)]),
    ]
    for direction, cells in views:
        first = next(((count, seen(*cell)) for count, cell in enumerate(cells, 1) if seen(*cell)), None)
        if first and isinstance(first[1], Wall):
            lines.append(f"You see a wall {steps(first[0], direction)}")
    for column in range(grid.width):
        for row in range(grid.height):
            thing = seen(column, row)
            if thing is None or thing.type in ("wall", "floor") or (column, row) == (VIEW_COLUMN, VIEW_ROW):
                continue
            name = f"{thing.color} {thing.type}"
            if isinstance(thing, Door):
                state = "open" if thing.is_open else "locked" if thing.is_locked else "closed"
                name = f"{state} {name}"
            side = VIEW_COLUMN - column
            places = [steps(abs(side), "left" if side > 0 else "right")] if side else []
            if row < VIEW_ROW:
                places.append(steps(VIEW_ROW - row, "forward"))
            lines.append(f"You see {'an' if name[0] == 'o' else 'a'} {name} {' and '.join(places)}")
    return lines


def parts_left(mission):
    """What is left to do of a mission, in its order."""
    from minigrid.envs.babyai.core.verifier import AfterInstr, SeqInstr

    if not isinstance(mission, SeqInstr):
        return [mission]
    parts = [(mission.instr_a, mission.a_done), (mission.instr_b, mission.b_done)]
    if isinstance(mission, AfterInstr):
        parts.reverse()
    # The verifiers note which parts are done.
    return [part for part, is_done in parts if is_done != "success"]


def plan(bot, mission):
    """Gives a fresh bot what is left to do of a mission: it would begin with what was done already."""
    from minigrid.envs.babyai.core.verifier import PutNextInstr

    left = parts_left(mission)
    if len(left) == 1:
        mission = left[0]
    bot._process_instr(mission)
    carried = bot.mission.unwrapped.carrying
    if isinstance(mission, PutNextInstr) and carried is not None and serves(carried, mission):
        # To find and to pick up come first, at the end of the stack.
        del bot.stack[-2:]


def serves(thing, instruction):
    """Whether an instruction can be followed with the thing in hand."""
    from minigrid.envs.babyai.core.verifier import OpenInstr, PickupInstr, PutNextInstr

    if isinstance(instruction, PutNextInstr):
        return (thing.color, thing.type) == (instruction.desc_move.color, instruction.desc_move.type)
    if isinstance(instruction, OpenInstr):
        return any(not door.is_locked or (thing.color, thing.type) == (door.color, "key") for door in instruction.desc.obj_set)
    # What is to be picked up would be done if it were the thing.
    return not isinstance(instruction, PickupInstr)


def way_of(env, bots_action):
    """The cell that the bot goes to next with empty hands, wherever it looks now, and its first action; None where it knows none."""
    before = env.carrying, env.agent_dir
    env.carrying = None
    first, cell = bots_action(), None
    if first is not None:
        # From one direction, or what is as near on two sides would be the way to one of them or the other as the agent turns.
        env.agent_dir = 0
        for _ in range(4):
            if (action := bots_action()) not in TURNS:
                break
            env.agent_dir = (env.agent_dir + TURNS[action]) % 4
        cell = tuple(env.front_pos)
    env.carrying, env.agent_dir = before
    return cell, first


def put_down(env, bots_action):
    """The action that leads to getting rid of a thing in hand that serves nothing, and the direction of the cell it is about.

    The bot never takes such a thing, and cannot go on with one. It is not put in the bot's way, where it would have to be taken
    from again; where no other place beside the agent is free it goes on with it. None where there is no such thing.
    """
    left = parts_left(env.instrs)
    if env.carrying is None or not left or serves(env.carrying, left[0]):
        return None
    way, first = way_of(env, bots_action)
    places = [("drop", env.dir_vec), ("turn left", -env.right_vec), ("turn right", env.right_vec), ("turn right", -env.dir_vec)]
    for action, direction in places:
        position = env.agent_pos + direction
        if tuple(position) != way and env.grid.get(*position) is None:
            return action, direction
    return first and (first, env.dir_vec)


def make_mixed_level(kind, names_held_out, max_steps):
    """One kind of the mixed tasks: a room of 8 x 8 with 8 distractors; for `open` a second one behind a locked door."""
    from minigrid.envs.babyai.core.roomgrid_level import RejectSampling, RoomGridLevel
    from minigrid.envs.babyai.core.verifier import (
        BeforeInstr, GoToInstr, ObjDesc, OpenInstr, PickupInstr, PutNextInstr)

    class MixedLocal(RoomGridLevel):
        def gen_mission(self):
            if kind == "open":
                door, _ = self.add_door(0, 0, 0, locked=True)
                self.add_object(0, 0, "key", door.color)
                things = [door]
                self.add_distractors(0, 0, num_distractors=7, all_unique=False)
            else:
                objects = self.add_distractors(0, 0, num_distractors=8, all_unique=False)
                things = self._rand_subset(objects, 2 if kind in ("put next to", "pick up then go to") else 1)
            self.place_agent(0, 0)
            self.check_objs_reachable()
            names = [(thing.color, thing.type) for thing in things]
            if len(set(names)) < len(names) or any(name in HELD_OUT for name in names) != names_held_out:
                raise RejectSampling("another mixture's mission")
            described = [ObjDesc(thing.type, thing.color) for thing in things]
            self.instrs = {
                "go to": lambda: GoToInstr(described[0]), "pick up": lambda: PickupInstr(described[0]),
                "put next to": lambda: PutNextInstr(*described), "open": lambda: OpenInstr(described[0]),
                "pick up then go to": lambda: BeforeInstr(PickupInstr(described[0]), GoToInstr(described[1])),
            }[kind]()

    return MixedLocal(room_size=8, num_rows=1, num_cols=2 if kind == "open" else 1, max_steps=max_steps)


class BabyAIText(Environment):
    server = "babyai-text"
    oracle = True
    reward = (0, REWARD_SCALE)

    # Seconds after which the bot, which searches for ever in a few states, is given up.
    oracle_seconds = 2

    def __init__(self):
        import gymnasium
        import minigrid  # noqa: F401, registers the levels

        prefix, suffix = "BabyAI-", "-v0"
        names = [name for name in gymnasium.envs.registry if name.startswith(prefix) and name.endswith(suffix)]
        self.make = gymnasium.make
        self.levels = sorted(name[len(prefix):-len(suffix)] for name in names)
        # The level that runs, and those made before, by what they were made of.
        self.env = None
        self.made = {}

    def tasks(self):
        names = MIXTURES + self.levels
        return [{"id": name, "options": {"level": name}, "max_steps": DEFAULT_STEPS} for name in names]

    def begin(self, seed, options):
        refuse_unknown(options, ["level", "max_steps"])
        level = options.get("level", MIXTURES[0])
        max_steps = whole(options, "max_steps", DEFAULT_STEPS, 1, 10_000)
        if level not in MIXTURES and level not in self.levels:
            raise Refusal(UNKNOWN_TASK, f"there is no level '{level}'")
        kind = random.Random(seed).choice(KINDS) if level in MIXTURES else None
        key = (level, kind, max_steps)
        if key not in self.made:
            self.made[key] = self.level(*key)
        self.env = self.made[key]
        self.env.reset(seed=seed)
        return self.look(), self.env.mission, max_steps

    def level(self, name, kind, max_steps):
        if kind is not None:
            return make_mixed_level(kind, name == "MixedTestLocal", max_steps)
        return self.make(f"BabyAI-{name}-v0", max_steps=max_steps, disable_env_checker=True).unwrapped

    def look(self):
        return ", ".join(sentences(self.env))

    def act(self, action):
        if action not in ACTIONS:
            raise Refusal(UNKNOWN_ACTION, f"there is no action '{action}'")
        _, reward, terminated, _, _ = self.env.step(ACTIONS.index(action))
        return self.look(), REWARD_SCALE * reward, terminated, terminated and reward > 0, {}

    def actions(self):
        return ACTIONS

    def bots_action(self):
        """The next action of a fresh bot that sees all: it needs to know nothing of what was done before. None in states that its
        own play never comes to, in which it fails or searches for ever."""
        from minigrid.utils.baby_ai_bot import BabyAIBot, DisappearedBoxError

        try:
            with time_limit(self.oracle_seconds, "the bot finds no way"):
                bot = BabyAIBot(self.env)
                bot.vis_mask[:] = True
                bot.stack.clear()
                plan(bot, self.env.instrs)
                action = int(bot.replan())
        except (Refusal, AssertionError, AttributeError, DisappearedBoxError, IndexError, TypeError, ValueError):
            return None
        return ACTIONS[action] if action < len(ACTIONS) else None

    def advise(self):
        rid = put_down(self.env, self.bots_action)
        return rid[0] if rid else self.bots_action()


if __name__ == "__main__":
    serve(BabyAIText)
