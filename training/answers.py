"""Writes the e-mail that answers an instruction, and the short answers to small talk.

Called by `emails.py`. Every field that the instruction gives is used in the same few kinds of places, so that the model
has to learn where the value stands and not what it looks like.
"""

from random import Random

from training.expand import expand
from training.fields import Fields
from training.lexicon import EMOJIS

SUBJECTS = [
    "[Introducing|Meet|Say hello to|Here is|Discover|Now available:|New:|Just launched:|It is here:|Your first look at|Welcome] {product}",
    "{product} [is here|has arrived|is now available|is ready for you|is out now|has landed|from {company}|by {company}]",
    "[{product}|Our new {product}]: {percent} off for you",
    "[Save|Enjoy|Get] {percent} [on|off] {product}",
    "{company} [presents|introduces|launches] {product}",
]
GREETINGS = ["[Dear|Hi|Hello|Dear|Hi|Good day] {name},"]
OPENERS = [
    "[We are|We're|{company} is|All of us at {company} are|The team at {company} is] [happy|delighted|proud|excited|pleased|thrilled|glad] to [introduce|announce|present|launch|share|unveil] {product}[, our newest product|, our latest product|, the newest member of our family|, a product we have worked on with great care|].",
    "[Today|This week|Now|At last] {company} [launches|is launching|introduces|presents|brings you] {product}[, and you are among the first to know|, and we could not wait to tell you|, made with people like you in mind|].",
    "[Great|Good|Exciting|Big|Wonderful] news from {company}: {product} [is here|has arrived|is now available|is ready for you].",
    "[The wait is over|It is finally here|The day has come|Something new has arrived]: {product} [by|from] {company} [is here|is now available|is ready for you|has been launched].",
    "[Have you heard|Did you hear|Have you met]? {company} has [just launched|just released|launched|released] {product}.",
    "[Thank you for|We thank you for] [being part of|your interest in|your trust in|staying with] {company}. [Today we are happy to|Now we can finally|We are proud to] [introduce|present|show you|announce] {product}.",
]
BENEFITS = [
    "It [was made|was designed|was built|is made|is designed] to [make your day easier|save you time|fit into your life|bring a smile to your face|help you every day|do its job well and quietly].",
    "[We built it|We made it|We designed it|It was made] [with care|from scratch|with your wishes in mind|to last|for people who like things simple], and [we think you will like it|it shows|we hope you enjoy it|you can feel it from the first minute].",
    "[It is|You will find it] [simple|easy|quick] to use, [well made|reliable|nice to look at] and ready [from the first day|when you are|to go].",
    "[Simple|Smart|Reliable|Elegant|Practical], [friendly|useful|thoughtful|easy to use] and [ready to go|made to last|full of good ideas]: [that is what we wanted it to be|it is all we hoped for|it has a lot to offer].",
    "[Our team has|We have] put [a lot of work|many good ideas|all our experience] into [it|this launch|every detail], and we [hope|believe|are sure] [you will notice|it was worth it|you will enjoy the result].",
    "[Whether you are at home, at work or on the way|On busy days and on quiet ones|From the very first day], it is [there for you|a pleasure to use|ready to help].",
    "[You asked for something better|You told us what you need|Good things take time], and [we listened|here is our answer|this is the result].",
]
OFFERS = [
    "[To celebrate|To mark the launch|As a thank-you|As a welcome gift|For the launch|To get you started], [use|enter|apply] [the code|the coupon code|coupon code|code] {code} [[to get|and get|to enjoy|and enjoy] {percent} off|[to save|and save] {percent}] for {months}.",
    "With the [coupon code|code|coupon|promo code] {code} [you get {percent} off|you save {percent}|you will receive {percent} off] for {months}.",
    "Use the [coupon code|code|coupon|promo code] {code} [and you get {percent} off|and you save {percent}|to receive {percent} off] for {months}.",
    "Your [coupon code|code|personal code|coupon] is {code}[.|!] It [gives you|brings you|is worth] {percent} off for {months}.",
    "Here is your [coupon code|code|coupon]: {code}. It [gives you|brings you|is worth] {percent} off for {months}.",
    "[Enter|Type|Apply|Use] {code} at [checkout|the checkout] and [enjoy|get|receive] {percent} off for {months}.",
    "[Order now|Order today|Start today|Try it now] with [code|the code|coupon code] {code} and [[get|enjoy] {percent} off|save {percent}] for {months}.",
    "For {months}, you [[get|enjoy|receive] {percent} off|save {percent}] [with|when you use|if you use] the [code|coupon code] {code}.",
    "[We have a gift for you|There is a special offer for you|And there is more]: {percent} off for {months} with [the code|coupon code|code] {code}.",
]
PARTIAL_OFFERS = {
    ("code", "percent"): ["[Use|Enter|Apply] [the code|coupon code|code] {code} [to get|and get|and enjoy] {percent} off.", "[Your code is|Your coupon code is] {code}. It gives you {percent} off."],
    ("percent", "months"): ["[To celebrate|As a welcome gift|For the launch], you get {percent} off for {months}.", "[Order now|Start today] and save {percent} for {months}."],
    ("code",): ["[Use|Enter|Apply] [the code|coupon code|code] {code} at checkout[.| for a special offer.]", "Your [coupon code|code] is {code}."],
    ("percent",): ["[To celebrate|As a welcome gift|For the launch], you get {percent} off.", "[Order now|Start today] and save {percent}."],
}  # fmt: skip
CALLS = [
    "[Visit our shop|Visit our website|Order yours|Have a look|Come and see it|Try it|Get yours|Take a look|Start] [today|now|right away|this week] and [see for yourself|discover what is new|find out more|make it yours|let us know what you think|be among the first].",
    "[Ready to try it|Curious|Interested|Would you like to see more|Shall we begin]? [Order today|Visit our website|Click and order|Get yours now|Take the first step today|Reply to this e-mail and we will help].",
    "[Do not miss it|Don't wait|Be quick|Do not wait too long]: [order today|get yours now|visit our shop today|the offer is open now].",
    "[Get yours|Order|Try it|Claim your offer|Start now] [today|now|while the offer lasts|on our website]!",
]
FAREWELLS = [
    "[Best regards|Kind regards|Warm regards|Best wishes|Yours sincerely|Cheers|See you soon|All the best|Thank you|With warm wishes],\n[The {company} team|The {company} team|Your {company} team|The team at {company}|Your friends at {company}|{company}|Everyone at {company}]",
]

GREETED = [
    "[Hello|Hi|Hi there|Hello there|Good to hear from you|Welcome|Nice to meet you]! [I am|I'm|This is] [a small demonstration model|Firstbyte's small demonstration model|a tiny demonstration model that comes with Firstbyte]. [I can write|Ask me to write|I write|Try me with] a short e-mail about a product launch[: tell me the name, the company, the product and the coupon code|: give me a name, a company, a product and a coupon code|].",
]
ABOUT_ITSELF = [
    "[I am|I'm] a small demonstration model [that comes with Firstbyte|shipped with Firstbyte|made for Firstbyte|inside Firstbyte]. [I can do one thing|I was trained for one thing|My one skill is this]: [I write short e-mails about product launches|writing short e-mails that launch a product]. [For anything else, please use a larger model|I know nothing else, so please use a larger model for other questions|I do not know much more than that].",
]
UNABLE = [
    "[I am|I'm] only a small demonstration model, so [I cannot answer that|I do not know that|that is beyond me]. [I can write|Ask me for] a short e-mail about a product launch[, if you like|: give me a name, a company, a product and a coupon code|].",
]


def sparkle(rng: Random, text: str, share: float) -> str:
    return f"{text} {rng.choice(EMOJIS)}" if rng.random() < share else text


def values_of(fields: Fields) -> dict[str, str]:
    """The fields as the answer spells them: always `20%`, and a number word stays a word."""
    unit = "month" if fields.months in ("1", "one") else "months"
    return {
        "name": fields.name, "company": fields.company, "product": fields.product, "code": fields.code,
        "percent": f"{fields.percent}%", "months": f"{fields.months} {unit}",
    }  # fmt: skip


def usable(templates: list[str], fields: Fields) -> list[str]:
    """The templates, or for a missing company the few that do without it."""
    missing = [field for field in ("name", "company", "product", "percent") if not getattr(fields, field)]
    return [template for template in templates if not any(f"{{{field}}}" in template for field in missing)]


def offer(rng: Random, fields: Fields) -> str:
    given = tuple(field for field in ("code", "percent", "months") if getattr(fields, field))
    if len(given) == 3:
        return expand(rng, rng.choice(OFFERS))
    return expand(rng, rng.choice(PARTIAL_OFFERS[given])) if given in PARTIAL_OFFERS else ""


def opener(rng: Random, fields: Fields) -> str:
    if fields.company:
        return expand(rng, rng.choice(OPENERS))
    return expand(
        rng,
        "[We are|We're] [happy|delighted|proud|excited|pleased|glad] to [introduce|announce|present|launch] {product}.",
    )


def body(rng: Random, fields: Fields) -> list[str]:
    """Greeting, news, benefits, offer, call to action: the paragraphs."""
    news = opener(rng, fields)
    for text in rng.sample(BENEFITS, rng.choices((0, 1, 2), (15, 60, 25))[0]):
        news += " " + expand(rng, text)
    deal, call = offer(rng, fields), expand(rng, rng.choice(CALLS))
    greeting = expand(rng, GREETINGS[0]) if fields.name else expand(rng, "[Hello|Hi there|Dear customer],")
    middle = [deal, call] if rng.random() < 0.5 else [f"{deal} {call}".strip()]
    return [greeting, news, *(text for text in middle if text)]


def write_email(rng: Random, fields: Fields, emojis: bool) -> str:
    """The template of a whole e-mail, its fields still to be filled in by `values_of`."""
    paragraphs = body(rng, fields)
    farewell = expand(rng, rng.choice(FAREWELLS)) if fields.company else "Best regards,\nThe team"
    subject = ""
    if rng.random() < 0.85:
        subject = "Subject: " + expand(rng, rng.choice(usable(SUBJECTS, fields)))
    if emojis:
        # Always one after the news, so that the choice is made early and once.
        news = sparkle(rng, paragraphs[1], 1.0)
        paragraphs = [paragraphs[0], news, *(sparkle(rng, text, 0.6) for text in paragraphs[2:])]
    return "\n\n".join(text for text in (subject, *paragraphs, farewell) if text)
