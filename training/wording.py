"""Templates of requests and facts. `[a|b]` is a choice, may be nested and may be empty; `{field}` is filled in last.

Used by `instructions.py`, which joins them until every field has been said once.
"""

MAIL = "[e-mail|email|mail|message|note|letter|email message|e-mail]"
SHORT = "[short|short|brief|friendly|nice|little|concise|warm|quick|simple|good|cheerful|one-paragraph|convincing|100-word|marketing|promotional|launch|personal|catchy|]"
WRITE = "[[Write|Write|Draft|Compose|Create|Prepare|Produce|Make|Generate|Craft|Put together|Give me|I need|I'd like|I want|We need|Send me|Design|Type|Do]|[Please|Kindly|Now|Today,|Can you|Could you|Would you|Will you|Help me|You should|I want you to|I would like you to|Your task is to|Your job: |Let us|We have to|You have to|Time to|Go ahead and] [write|write|draft|compose|create|prepare|produce|make|generate|craft|send|do|word|formulate]]"
A_MAIL = f"{WRITE} [a|a|one|me a|us a|the|another] {SHORT} {MAIL}"
ABOUT = "[about|on|announcing|for|that announces|to announce|introducing|presenting|to introduce|regarding|concerning|to promote|promoting|on the occasion of|that presents|celebrating|to mark]"
LAUNCH = "[the launch of|the product launch of|the product launch:|our launch of|the release of|the new|our new|our brand-new|our latest product,|the upcoming launch of|the arrival of|the debut of|our new product|a new product called|a product named|the start of sales of|today's launch of|the introduction of|the market launch of|the premiere of|]"
CODE = "[coupon code|coupon|code|promo code|discount code|voucher code|voucher|promotion code|offer code|coupon code|special code|gift code|rebate code|redemption code|checkout code]"
OFF = "[off|off|discount|rebate|reduction|off the price|cheaper|off the list price|less to pay|savings]"
SAYS = "[is|is|reads|will be|should be|must be|=|:|called|goes|would be]"
DEAR = "[to|to|to|for|addressed to|that goes to|meant for|to our customer|to our client|to a customer called|to our loyal customer|to my friend|to our subscriber|to the reader|to the buyer|to our guest|to a certain|to someone named]"
PUNCT = "[.|.|.|!||;]"

REQUESTS = [
    f"{A_MAIL} {ABOUT} {LAUNCH} {{product}}{PUNCT}",
    f"{A_MAIL} {DEAR} {{name}} {ABOUT} {LAUNCH} {{product}}{PUNCT}",
    f"{A_MAIL} {DEAR} {{name}} {ABOUT} {LAUNCH} {{product}} [by|from|of|at|made by|, a product of|, sold by] {{company}}{PUNCT}",
    f"{A_MAIL} {DEAR} {{name}}{PUNCT}",
    f"{A_MAIL} {ABOUT} [the product launch|a product launch|the launch|our launch|our new product|what we launch|our news|a new product].",
    f"{A_MAIL} {DEAR} {{name}} {ABOUT} [the product launch|a product launch|the launch|our launch|our news|what is new].",
    f"{A_MAIL} for {{company}}{PUNCT}",
    f"{A_MAIL} [for|on behalf of|in the name of|as|from|signed by] {{company}} {ABOUT} {LAUNCH} {{product}}{PUNCT}",
    f"{A_MAIL} {DEAR} {{name}} [from|in the name of|on behalf of] {{company}}{PUNCT}",
    "[Announce|Introduce|Present|Promote|Advertise|Launch|Pitch|Show] {product} [to|to our customer] {name}[ by e-mail| in an email| with a short mail| in a few lines|].",
    "[Tell|Inform|Notify|Let|Surprise|Write to|E-mail|Email|Mail|Contact|Message] {name} [about|on|of|regarding] [the launch of |the release of |our new |the new |]{product}[ by {company}| from {company}|].",
    "[Tell|Inform|Write to|Write|E-mail|Email|Mail|Contact] {name} [that|because|now that|since] {company} [launches|has launched|is launching|releases|has released|brings out|introduces|now sells|is introducing|presents|unveils|starts selling] {product}.",
    "[Let] {name} know [about|that we have|that there is|of] {product}[ from {company}|].",
    "[How would you|Could you|Can you|Would you] [announce|introduce|present|tell] {product} to {name}[ in an e-mail|]?",
    f"{A_MAIL} {DEAR} {{name}}, [who|which] [should learn|should hear|has to know|must hear|wants to know|will love to read] about {{product}}.",
    f"{A_MAIL} [in which|where|with which|that says that] {{company}} [tells|informs|lets|invites] {{name}} [about|know about|to try|to discover] {{product}}.",
    f"{A_MAIL}: {{company}} [launches|presents|introduces|releases] {{product}}{PUNCT}",
    f"{A_MAIL}[:| with these facts:| from this:| using the following:| based on:| out of these notes:] {{name}}, {{company}}, {{product}}, {{code}}, {{percent}}[ off|], {{months}}{PUNCT}",
    f"{A_MAIL} {DEAR} {{name}}: {{company}}, {{product}}, [code|coupon|voucher|] {{code}}, {{percent}} [off|discount|] [for|,|/] {{months}}{PUNCT}",
    f"{A_MAIL} {DEAR} {{name}} {ABOUT} {LAUNCH} {{product}} [by|from|of] {{company}}[.| and| -|,] [mention|include|add|with|using|quote|state] [the|our|] {CODE} {{code}} [for|which gives|that gives|to get|worth|good for|giving] {{percent}} {OFF} [for|over|during|in the first|for the first|for a period of] {{months}}{PUNCT}",
    f"{WRITE} {{name}} [a|one] {SHORT} {MAIL} {ABOUT} {{product}}{PUNCT}",
    "[{company} needs|{company} wants|{company} asks for|{company} would like] a "
    + f"{SHORT} {MAIL} [to|for] {{name}} {ABOUT} {LAUNCH} {{product}}{PUNCT}",
    "Launch [email|mail|e-mail], please[.|:|!]",
    "[Product launch|Launch e-mail|New task|E-mail wanted|Launch|Job|Announcement][.|:|!] [Recipient|To|Customer|Reader] {name}[.|,|;] [Product|Item|About] {product}[.|,|;]",
    f"[Our|The|Our new] {{product}} [is out|is here|is ready|goes on sale|arrives|launches] [today|now|this week|on Monday|tomorrow|at last], so {A_MAIL}{PUNCT}",
    "[With|Using|By using|Thanks to] [the code |code |coupon |voucher |]{code}, {name} [can save|saves|gets|will get|receives|pays] {percent} [off|less|off the price] [on|for|of] [our |the |our new |]{product} for {months}. [Please write|Write|Turn that into|Put that in|Make of that] a short e-mail.",
]

STATEMENTS = [
    # with something beside the field
    "[It is|This is|We launch|The product is|They are about|It is about|We present] {product}, [the|our|a|an|our new] [{adjective} |][{noun}|{noun} for {noun}s|{adjective} {noun}] [that|which] {company} [presents|launches|releases|has made|sells|shows] [this week|today|now|on {weekday}].",
    "[Announce|Present|Introduce|Mention|It's about|We launch|This week we launch] our [{adjective} |][{noun}|{noun} for {noun}s], {product}.",
    "[The final product|Our {noun}|The new {noun}|What we made|The {adjective} {noun}] is [called|named|now called|sold as] {product}.",
    "{name}, who [tested an early version|has waited for weeks|is a partner rather than a customer|likes {noun}s|bought our last {noun}|is an old friend of the house|knows our {noun}s], [should hear first|is the recipient|gets this e-mail|is the one to write to|should be told before the others].",
    "[It goes|Write|Send it|This one goes|It's going] to {name}, who [tested an early version|has waited for weeks|is a partner rather than a customer|likes {noun}s|bought our last {noun}|is an old friend of the house|knows our {noun}s].",
    "[This one|The next one|This version|Today's e-mail|The first one] is for {name}, [so a bit more {adjective}|who likes {noun}s|a {role} from {city}|our {adjective} reader|one of our {adjective} customers].",
    "[As a tester|As a friend|As a regular|Because of the {noun}|In return|For that], {name} [gets|saves|receives|can have] {percent} [off|less|off the price] for {months} [with|using|by entering|via] {code}.",
    "[The code|The coupon|The voucher|Coupon|Code] {code} [reduces the price by|cuts|lowers the price by|brings|takes] {percent} [off |][for|during] {months}.",
    "[At first|Yesterday|In the meeting|After a long talk] [the accountant|my boss|the {role}|{person}] [wanted none|said no|wanted less|was against it], [and then|but then|now] we [agreed on|settled on|have|went for] {percent} off for {months}.",
    "[I had to fight for it|It is not much, but|Good news|Believe it or not]: {percent} off[, and we leave it on for| for| over] {months}.",
    "[Nobody|Hardly anybody|Not everyone|Few people] [believed|thought|expected] that {company} would [ever |][finish|launch|bring out|release|build] {product}[, and here we are|, but it is true|].",
    "[The|Our|This] {product} is [done|ready|here|packed|available|in the shops|in the {noun}|finished][, packed and in the warehouse| at last| since {weekday}|].",
    "{company} [here|speaking|calling]. [Our|The|Our new] {product} [goes live|is out|launches|starts] [today|on {weekday}|now].",
    "{company} [as sender|is the sender|signs], not [the parent company|the {noun} team|me|{othercompany}].",
    "[coupon|code|voucher|discount code] for them: {code}",
    "[{percent} off|{percent}] w/ {code}, [lasts|for|over] {months}",
    "re [new |our new |]{product} ({company})",
    "[I work|I'm an intern|I am new|I have just started|I'm in marketing|It's the {role}] at {company}[ and I'm a little stuck|, and I need help|].",
    "[There is|There's|They get|We have] a [coupon|code|voucher], {code}, [and it's|for|which is] {percent} off for {months}.",
    # recipient
    "[The|Our] [recipient|customer|addressee|client|reader|receiver|person|contact|subscriber] [is|is called|is named|will be|:] {name}.",
    "[Address|Address it to|Greet|Send it to|Address the reader as|Start with a greeting for|It goes to|It is for|This is for|The e-mail goes to|The mail is for|Write it for|Direct it to|Begin by greeting|Say hello to|It should reach|Call the customer] {name}[.| by name.| please.|!]",
    "[It will be read by|The one who gets it is|The person who reads it is|The first on the list is|Today it is the turn of|My reader is called|The one to write to is] {name}.",
    "{name} [is the recipient|is the customer|is who we write to|will receive it|should get it|is the one who gets this|is the reader|has been with us for years|is a loyal customer of ours|likes to hear from us|asked to be told|is first on the list|is who we tell|wants to know more|signed up for our news].",
    "[I promised|We promised|I told|We owe] {name} [an e-mail|to write|a message|to be the first to hear][.|!]",
    # company
    "[The company|Our company|The company's name|The firm|The brand|Our firm|The business|The sender|The maker|The seller|Our brand|The shop|The name of our company|The employer] [is|is|is called|is named|:|will be|=] {company}.",
    "[We are|I work for|I work at|We at|I am from|I write for|This is for|You write for|You work for|We represent|Greetings from|It comes from|The e-mail comes from|Sign as|Sign off as|Sign it|Sign in the name of|I am with|The mail is sent by|It is sent by|Sender:|On behalf of|Mention the company|Name the company|Don't forget to name] {company}.",
    "{company} [is the company|is our name|is who we are|is the maker|is the sender|is behind it|makes it|sells it|sends it|is the brand|here|is my employer|is the company behind it|stands behind it].",
    "[Here is|Hello from|This is|Hi from|It's] {company}[.| speaking.| again.|!]",
    # product
    "[The product|The new product|Our product|Our new product|The item|What we launch|The thing we sell|The name of the product|The product's name|The novelty|The star of the day|The launch|Our latest|It] [is|is|is called|is named|:|goes by the name of|=] {product}.",
    "[We|We|They|Our team] [launch|are launching|have launched|release|present|introduce|are proud of|announce|unveil|have just released|bring out|now offer|start selling] [the |our new |a new product called |a product named |]{product}[ today| this week| now| on Friday| next week|][.|!]",
    "{product} [is the product|is our new product|is what we launch|is new|is the new product|goes on sale today|is out now|is what it is about|is the name of the product|has just arrived|is ready|is now available|goes live today].",
    "[It is about|The topic is|The subject is|It's about|All about|Everything turns on|The e-mail is about|Present|Introduce|Praise|Promote|Mention the product|Talk about] {product}.",
    "{product} [is|comes from|is made by|by|from|is the new product of|was developed by|is the latest from|is a product of|belongs to] {company}.",
    "{company} [launches|has launched|is launching|releases|presents|has a new product called|introduces|announces|now sells|offers|makes|is proud of|has just released|brings you|unveils|is about to launch|has built] {product}.",
    # code
    f"[The|Our|Your|A] {CODE} {SAYS} {{code}}.",
    f"[Mention|Include|Use|Quote|Add|Give|Put in|State|Insert|Don't forget|Do not forget|Remember|Make sure to mention|Be sure to include|Remind them of|Please include|It must contain|Work in|Tell them about] [the|our|the|] {CODE} {{code}}[.|, please.|!]",
    "{code} [is the code|is the coupon code|is the coupon|is the code to use|is what they type in|is the promo code|must be typed in|is our voucher|has to be entered at the checkout|is the discount code|does the trick].",
    "[They|Customers|Buyers|Readers|People|The customer|Everybody] [enter|enters|use|type|should enter|must type|need|can redeem|has to give|will use|redeem] {code} [at checkout|when ordering|in the shop|to save|when they buy|online|at the till|in the cart|when paying].",
    # percent
    "[The discount|The offer|The rebate|The reduction|The saving|The coupon|It|The code|The value|What they save|The price cut] [is|is worth|amounts to|gives|:|stands at|comes to|takes off|brings] {percent}[ off|].",
    f"[They|Customers|Buyers|Readers|We|The customer|Those who order now] [get|receive|save|will get|will save|gets|saves|can have|pay] {{percent}} [{OFF}|][.|!]",
    "[Offer|Give|Promise|Grant|Mention|We offer|We give|We take|Announce|There is|We grant|Give them] {percent} off[.| the price.| the product.|!]",
    # months
    "[The offer|The discount|The coupon|It|This|The code|The deal|The promotion|The rebate|The price] [lasts|is valid for|runs for|lasts for|is good for|holds for|stays open for|can be used for|applies for|stands for|works for] {months}.",
    "[The duration is|Duration:|It lasts|The period is|Valid for|The length of the offer is|It is limited to|The offer ends after|It expires after] {months}.",
    "[Offer|Give|Mention|It is|We made it|Make it] a {month-adj} [offer|discount|deal|promotion|coupon].",
    # the offer in one
    f"[The|Our|Use the|Mention the|Include the|With the|Add the] {CODE} {{code}} [gives|grants|for|is good for|is worth|brings|means|takes off|saves|, which gives|to get|which is worth|and get|stands for] {{percent}} [{OFF}|] [for|over|during|in the first|for the first|for a period of|within] {{months}}[.|!]",
    f"[The|Our] {CODE} {{code}} [gives|grants|for|is good for|is worth|brings|means|takes off|saves|stands for] {{percent}} [{OFF}|][.|!]",
    "{code} [gives|means|brings|is for|saves|unlocks|=|takes off|is good for|stands for|gets them|gets you] {percent}[ off|][ for {months}|].",
    "[There is|We offer|We give|Offer|Give|Mention|Include|Announce|Promise|It comes with|They get|We are giving away|You can offer|Customers get|As a thank-you they get] [a discount of |a rebate of |a saving of |]{percent} [off|] [for|over|during|in the first|for the first|for the next|for] {months}[ with {code}| with the code {code}| with coupon {code}| (code {code})| (code: {code})| if they use {code}| by entering {code}|].",
    "[Discount:|Offer:|Deal:|Value:|Terms:] {percent}[,| for| /| over|;] {months}[,| with| /|;] {code}.",
    "{percent} off[,| for| -] {months}[,| -|, use|, code|, with] {code}.",
    "{percent} [off|discount|rebate|][,| for| over| -] {months}.",
    "[A|There is a|Offer a|We give a|Our] {month-adj} [offer|discount|deal|promotion|coupon|reduction] [of|over|worth|:|at] {percent}[ with {code}|, code {code}| and the code {code}|].",
    "[Buyers|Customers|They|The reader] [save|get|receive] {percent} [every month |] for {months} [with|when they use|by using|with the help of|if they enter] {code}.",
    "[Coupon|Code|Voucher|Promo] {code}[,|:|;| =] {percent}[ off|][,|;| for] {months}.",
    "[Coupon|Code|Voucher|Promo|Promo code][:|] {code} ({percent}[ off|][, | for |; ]{months}).",
    # several at once, terse
    "[Product|Item] {product}[.|,|;] [company|sender|maker|Company|Brand] {company}[.|,|;] [customer|recipient|Customer|reader] {name}.",
    "[To|For] {name}[,|.|;| -] [from|by|From] {company}[,|.|;| -] [about|on|re|About] {product}.",
    "{product} is what we launch, {name} is who we tell, {company} is who we are.",
    "{name} [is waiting for|has been asking for|would love|should try|might like|could use] {product}.",
    "[In the name of|On behalf of|Here at|At|For] {company} [I ask you|we ask you|I would like you|you may] to [greet|write to|address|thank] {name}.",
]

LABELS = {
    "name": "name recipient to customer addressee client reader send_to customer_name recipient_name for receiver contact first_name recipient_of_the_e-mail target whom dear addressed_to customer's_name user to_whom".split(),
    "company": "company firm brand from sender company_name business maker seller employer organisation shop vendor manufacturer our_company vendor sender_of_the_e-mail supplier signature on_behalf_of sent_by who brand_name".split(),
    "product": "product item product_name launch new_product what subject re article about launching topic thing product_launch name_of_product good subject_of_the_e-mail novelty what_we_launch title".split(),
    "code": "code coupon coupon_code promo promo_code voucher discount_code voucher_code offer_code use_code promotion_code redeem checkout_code coupon_to_use".split(),
    "percent": "discount percent percentage rebate off offer reduction saving value percent_off savings price_cut amount_off discount_rate".split(),
    "months": "months duration valid period validity length valid_for term for_how_long offer_length runs_for time duration_in_months lasts expires_after".split(),
}
LABELS = {field: [label.replace("_", " ") for label in labels] for field, labels in LABELS.items()}

CLOSERS = [
    "[Keep it short|Keep it brief|Not too long, please|Be concise|No more than {number} words|At most {number} words|Use about {number} words|Around {number} words|In {number} words or fewer|{small} sentences are enough|{small} short paragraphs][.|!]",
    "[Thanks|Thank you|Thanks in advance|Many thanks|Cheers|Thanks a lot|Best|Much appreciated|Go|Go on|Off you go][!|.]",
    "[End with|Finish with|Close with|Include|Add|Don't forget] a call to action[.|!| and a friendly closing.]",
    "[Be|Sound|Make it|Keep it] [{adjective}|{adjective} and {adjective}|{adjective}, {adjective} and {adjective}].",
    "[Do not|Don't|Never] [mention the price|use jargon|exaggerate|use exclamation marks|make up facts|use hashtags|add links|promise too much|invent details|shout].",
    "[Only the e-mail|Just the text|The e-mail only], [please|nothing else|no comments].",
    "[Write in|Use|The language is] [simple |plain |]English.",
    "[Mention all of this|Use all of these|Everything above must be in it|All of it matters|Copy them exactly|Spell everything as I did].",
]

EMOJI_WISHES = [
    "[Use|Add|Include|Sprinkle in|Put in|Throw in|Work in] [emojis|a few emojis|some emojis|one or two emojis|plenty of emojis|fun emojis|lots of emojis|emoji|fitting emojis|an emoji or two][.|!| where they fit.| in the text.]",
    "[Emojis are|Emoji are] [welcome|wanted|a must|part of our style|encouraged|your friends|allowed and loved|required].",
    "[We love|Our readers love|I like|You love|Customers enjoy|You like to use|We want|Please use] emojis[.|!| 😊|.]",
    "[Make it|Keep it] [fun|lively|colourful|playful|happy|bubbly] with emojis[.|!| 🎉]",
    "[Your e-mails are|The text is|Every message is] [full of|dotted with|rich in|sprinkled with] emojis.",
]
EMOJI_BANS = [
    "[Do not use|Don't use|Never use|Avoid|No|Leave out|We do not like|There are no|Write without|Stay away from] [emojis|any emojis|emoji][.|!|, please.| or hashtags.| and no slang.|, hashtags or links.]",
    "[Emojis|Emoji] are [not wanted|forbidden|not allowed|not our style|out of place|to be avoided].",
]


COMPANY_PERSONAS = [
    "[You are|Your name is|Act as|Your role:|Meet] {person}, [a|the|our|] [{adjective} |]{role} [at|of|for|with|from] {company}[.| in {city}.|, and you {verb} {noun}s.]",
    "[You are|Act as|Be|You work as|You're|Imagine that you are] [the|a|an|our] [{adjective} |][{adjective} |]{role} [at|of|for|with|from] {company}[.|, which sells {noun}s.|, a {adjective} {noun} shop.|; you {verb} {noun}s.]",
    "[{company} makes {noun}s.|{company} is a {adjective} company from {city}.|{company} sells {noun}s and {noun}s.|{company} was founded in {year}.|Welcome to {company}!|This is the desk of {company}.] [You write its e-mails.|You are its {role}.|You are {person}, {role}.|Write for its customers.|]",
    "[You write|You draft|You compose|Write|You answer] [e-mails|marketing e-mails|all mails|messages|newsletters] [for|on behalf of|in the name of] {company}[.|, a {noun} shop.| and its customers.]",
    "[Your role|Role|Persona|Name and role|Who you are]: {person}, [{adjective} |]{role} [at|of|for|with] {company}.",
    "[You are|You're|Be|Imagine that you are] the [newsletter writer|e-mail writer|voice|{role}|spokesperson|little {noun} in the logo|host|e-mail assistant|pen] of {company}[.|; your e-mails are {adjective} and {adjective}.|, {adjective} and {adjective}.| and write to its customers.]",
    "[Welcome aboard!|Hello!|Good to have you here.|] You are {person}, [{adjective} |]{role} in the {noun} team of {company}.",
    "[House rules|E-mail guide|Style guide|Writing rules|Handbook|Brief|Rules] of {company}[.|:| for e-mails.| for {role}s.]",
    "[Client|Brand|Company|Customer of our agency|Account|Tenant|Shop|Sender]: {company}[.|]",
    "[The e-mails|The letters|All texts|Messages] of {company} [are|sound|should be] {adjective}[, {adjective}|] and {adjective}.",
    "[At|Here at|In the {noun} team of|In the shop of] {company}, [we|you|all of us] [{verb} {noun}s|write {adjective} e-mails|like {adjective} words|never {verb} the {noun}].",
    "[This assistant|This tool|This prompt|The {noun} bot|This mailbox] [belongs to|is run by|was set up by|works for|serves] {company}.",
    "[All e-mails are|Everything you write is|The e-mail is] [sent|signed|written] [by|in the name of|for|on behalf of] {company}.",
    "[You have worked|You work|You have been] [at|for|with] {company} for [{small} years|a long time|ever].",
    "[The customers|The readers|The friends|The fans] of {company} are {adjective} [people|and {adjective}].",
    "[Your name is|You are|They call you] {person} and you [work in the shop of|work for|write for|have just joined|answer mails for|are in charge of {noun}s at] {company}.",
]

OFFER_LINES = [
    "{code} ({percent}[ off|][, |/| for |; ]{months})",
    "{percent} off for {months}[, enter |, code |, use | with ]{code}",
    "{percent}[, | / ]{months}[, | / ]{code}",
    "{code}[, | = |: | -> ]{percent}[, | for ]{months}",
    "{months} {percent} [off|discount] with {code}",
]
