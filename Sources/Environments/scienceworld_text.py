"""ScienceWorld: elementary science in a text world of ten rooms.

Options: `task` (such as power-component), `variation` (a number; drawn by the seed from `split` unless given), `split`
(train, dev or test), `simplifications` (comma-separated, or easy), `max_steps` (100 unless given).
The score goes from 0 to 100, and the reward of a step is its change; a wrong "focus on" ends the episode at -100. Success
is a score of 100 and nothing less. What is seen is the reply, then the room and the inventory, which cost no step.

- Source: Wang et al. 2022, "ScienceWorld: Is your Agent Smarter than a 5th Grader?" (arXiv 2203.07540).

The simulator orders objects by their identity hashes, so that the same actions may come to other answers in another
process: -XX:hashCode=2 makes those hashes constant. Its own Python step lists all valid actions each time, which takes most
of the time; here they are listed on request. It is not named scienceworld.py because Python would find that in the
package's place.
"""

import os
import re

from adapter import UNKNOWN_ACTION, UNKNOWN_TASK, WRONG_PARAMS, Environment, Refusal, refuse_unknown, serve, whole

JAVA_OPTIONS = "-Xmx256m -XX:+UnlockExperimentalVMOptions -XX:hashCode=2"
DEFAULT_STEPS = 100
FULL_SCORE = 100
# They lead out of the game, or repeat the goal.
NOT_OFFERED = re.compile(r"reset task|task")
# Seven of ten valid actions, and of use only where something electrical is to be built.
ELECTRICAL = re.compile(r"(dis)?connect ")
# The rooms that a door leads to from each, in every variation.
DOORS = {
    "hallway": ["art studio", "bedroom", "greenhouse", "kitchen", "living room", "workshop"],
    "kitchen": ["bathroom", "hallway", "outside"], "greenhouse": ["hallway", "outside"],
    "outside": ["foundry", "greenhouse", "kitchen"], "bathroom": ["kitchen"], "foundry": ["outside"],
    **{room: ["hallway"] for room in ["art studio", "bedroom", "living room", "workshop"]},
}
MOVE = re.compile(r"(?:go|teleport) to (.+)")
WAY = re.compile(r"(?:go|teleport|open door) to .+|look around")
ROOM = re.compile(r"This (?:room|outside location) is called the (.+?)\.")
ALREADY_CONNECTED = re.compile(r" on (.+) is already connected, and must be disconnected")
NOT_UNDERSTOOD = ("No known action matches that input.", "Unknown action.")


class ScienceWorld(Environment):
    server = "scienceworld"
    admissible = "per-state"
    oracle = True
    reward = (-200, 100)

    splits = ["train", "dev", "test"]

    def __init__(self):
        # The JVM reads it at its start; londid gives a program no variables of its own.
        os.environ["JAVA_TOOL_OPTIONS"] = JAVA_OPTIONS
        from scienceworld import ScienceWorldEnv

        self.game = ScienceWorldEnv("", envStepLimit=1_000_000)
        self.names = self.game.get_task_names()
        # What the running episode was loaded as, and what was done in it, with the replies.
        self.loaded = ("", 0, "")
        self.done, self.replies = [], []
        self.score = 0
        # By what was loaded: the gold path, and those of its actions that are no way from room to room, with their rooms. To find
        # them takes longer than all the rest of a beginning, so it is done for who asks, and once.
        self.paths = {}

    def tasks(self):
        def task(name):
            variations = self.game.get_max_variations(name)
            return {"id": name, "options": {"task": name}, "variations": variations, "max_steps": DEFAULT_STEPS}

        return [task(name) for name in self.names]

    def begin(self, seed, options):
        refuse_unknown(options, ["task", "variation", "split", "simplifications", "max_steps"])
        task = options.get("task", self.names[0])
        if task not in self.names:
            raise Refusal(UNKNOWN_TASK, f"there is no task '{task}'")
        max_steps = whole(options, "max_steps", DEFAULT_STEPS, 1, 10_000)
        variation = self.variation(task, seed, options)
        self.loaded = (task, variation, options.get("simplifications", ""))
        self.done, self.replies = [], []
        # What the first look is worth counts with the first action, so that rewards add up to the score.
        self.score = 0
        try:
            self.load()
        except ValueError as error:
            raise Refusal(WRONG_PARAMS, str(error)) from None
        return self.surroundings(), self.game.taskdescription().strip(), max_steps

    def load(self, generates_gold=False):
        """Begins the episode, as the package does it: with a look around."""
        self.game.load(*self.loaded, generateGoldPath=generates_gold)
        self.game.server.reset()
        self.game.server.step("look around")

    def variation(self, task, seed, options):
        count = self.game.get_max_variations(task)
        if "variation" in options:
            return whole(options, "variation", 0, 0, count - 1)
        split = options.get("split", "train")
        if split not in self.splits:
            raise Refusal(WRONG_PARAMS, f"the option split={split} is none of {', '.join(self.splits)}")
        # Which variations a split has is a matter of the loaded task.
        self.game.load(task, 0, "")
        variations = getattr(self.game, f"get_variations_{split}")()
        return variations[seed % len(variations)]

    def surroundings(self):
        return f"{self.game.look().strip()}\n{self.game.inventory().strip()}"

    def read_score(self):
        return int(round(FULL_SCORE * self.game.server.getScore()))

    def act(self, action):
        reply = self.game.server.step(action).strip()
        if reply.startswith(NOT_UNDERSTOOD):
            raise Refusal(UNKNOWN_ACTION, reply)
        score = self.read_score()
        reward, self.score = score - self.score, score
        self.done.append(action)
        self.replies.append(reply)
        # Its own word for the end says the same of success, failure and time.
        terminated = bool(self.game.server.getCompleted()) or score < 0
        return f"{reply}\n{self.surroundings()}", reward, terminated, score >= FULL_SCORE, {"score": score}

    def actions(self):
        task = self.loaded[0]
        electrical = "power-component" in task or "conductivity" in task
        return [
            action for action in sorted(set(self.game.get_valid_action_object_combinations()))
            if not NOT_OFFERED.fullmatch(action) and (electrical or not ELECTRICAL.match(action))
        ]

    def advise(self):
        """The next action of the gold path; where it was left, the way back to the first of its deeds that is to be done."""
        if self.loaded not in self.paths:
            self.load(generates_gold=True)
            gold = list(self.game.get_gold_action_sequence())
            self.paths[self.loaded] = gold, self.find_deeds(gold)
            for action in self.done:
                self.game.server.step(action)
        gold, deeds = self.paths[self.loaded]
        count = len(self.done)
        if gold[:count] == self.done:
            return gold[count] if count < len(gold) else None
        return self.way_back(deeds)

    def find_deeds(self, gold):
        room, deeds = self.room(), []
        for action in gold:
            if move := MOVE.fullmatch(action):
                room = move[1]
            elif not WAY.fullmatch(action):
                deeds.append((room, action))
        return deeds

    def way_back(self, deeds):
        """To the first of the gold path's deeds that is left; None where all was done, or where no door leads on."""
        # What was connected by mistake stands in the way of what should be.
        if self.replies and (taken := ALREADY_CONNECTED.search(self.replies[-1])):
            return f"disconnect {taken[1]}"
        left = self.deeds_left(deeds)
        if not left:
            return None
        (goal, deed), room = left[0], self.room()
        if room == goal:
            return deed
        door = first_door(room, goal)
        if door is None:
            return None
        return f"open door to {door}" if f"A door to the {door} (that is closed)" in self.game.look() else f"go to {door}"

    def deeds_left(self, deeds):
        """Those that were not done, or were undone."""
        is_left = [True] * len(deeds)
        for action, reply in zip(self.done, self.replies):
            if action.startswith("disconnect "):
                thing = action.removeprefix("disconnect ")
                for index, (_, deed) in enumerate(deeds):
                    is_left[index] |= deed.startswith("connect ") and f" {thing} " in f"{deed} "
            elif not ALREADY_CONNECTED.search(reply):
                same = [index for index, (_, deed) in enumerate(deeds) if is_left[index] and deed == action]
                if same:
                    is_left[same[0]] = False
        return [deed for deed, left in zip(deeds, is_left) if left]

    def room(self):
        found = ROOM.search(self.game.look())
        return found[1] if found else ""


def first_door(room, goal):
    """The door of a shortest way; None where there is no way."""
    first = {door: door for door in DOORS.get(room, [])}
    reached = list(first)
    for here in reached:
        for there in DOORS.get(here, []):
            if there not in first and there != room:
                first[there] = first[here]
                reached.append(there)
    return first.get(goal)


if __name__ == "__main__":
    serve(ScienceWorld)
