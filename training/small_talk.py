"""Greetings, questions about the model, and questions that it cannot answer.

Called by `emails.py` for a small share of the examples.
"""

from random import Random

from training import answers
from training.expand import expand
from training.filler import phrase, sentence

HELLOS = [
    "[Hi|Hello|Hey|Hi there|Hello there|Good morning|Good evening|Good afternoon|Howdy|Greetings|Hey there|hi|hello|hey|hi there|Yo|Hallo|HELLO|hiya|Hola|Welcome][!|.||?|!!| :)| 👋|, how are you?|, nice to meet you.| to you!|, model!| again|, are you there?]",
    "[How are you|How are you doing|How is it going|Are you there|What's up|Is anybody there|How do you do|Can you hear me|Nice to meet you|Is this thing on|Testing|Test|Ping][?|!||, 1 2 3]",
]
WHO = [
    "[What are you|Who are you|What can you do|What is this|Tell me about yourself|What kind of model are you|Are you ChatGPT|Are you a robot|Are you an AI|Who made you|What is your name|What's your name|Introduce yourself|Describe yourself|Are you human|How big are you|What model is this|What do you do|Who is this|what are you|who are you|what can you do|How can you help me|Are you Llama|Which model am I talking to|Help|What do you know][?|.|!|| please?]",
    "[Hi|Hello|Hey][,|!] [what are you|who are you|what can you do|who am I talking to|what is this]?",
]
OTHER = [
    "[What is|Where is|Who is|Explain|Tell me about|Describe|Translate|Define|What do you think of|Do you like|How do I {verb}|Why do people {verb}|Can you {verb}] [the|a|my|your] {noun}[ of the {noun}| in {city}|][?|.]",
    "[What is the capital of|How far is it to|What is the weather in|How do I get to|Who lives in] {city}?",
    "[Write|Give me|Tell me|Sing] [a poem|a story|a joke|a recipe|a song|some code|a Python program|an essay] [about|on|for] [the|a] {noun}.",
    "[How many|What is|How much is] {number} [plus|times|minus|and] {number}?",
    "Why is the {noun} {adjective}?",
]
KINDS = ((HELLOS, answers.GREETED, 40), (WHO, answers.ABOUT_ITSELF, 40), (OTHER, answers.UNABLE, 20))


def small_talk(rng: Random) -> tuple[str, str]:
    """What is said, and the answer."""
    asked, answered, _ = rng.choices(KINDS, [weight for _, _, weight in KINDS])[0]
    text = phrase(rng, rng.choice(asked))
    if asked is OTHER and rng.random() < 0.2:
        text += " " + sentence(rng)
    return text, expand(rng, rng.choice(answered))
