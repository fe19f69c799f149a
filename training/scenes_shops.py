"""Natural prompts of shops, hosts and clubs: cafés, hotels, schools, museums, sports, charities, events, sellers of things one can touch.

Templates as in `wording.py`, like those of `scenes.py`; every request says all of its fields."""

# fmt: off
COMPANY_PROMPTS: list[str] = [
]

SYSTEM_PROMPTS: list[str] = [
]

REQUESTS: list[str] = [
    # Cafés, restaurants, hotels: short ones first.
    "Table {small} is {name}. Pudding of the month is {product}. Bistro is {company}. {code}, {percent} off, {months}. Write it like a menu, but an e-mail.", "{company}'s new roast, {product}, is in the grinder. {name} takes hers black. {percent} off with {code}, {months}.",
    "Front desk to e-mail: guest {name}, weekend package {product}, hotel {company}, code {code}, rate cut {percent}, bookable for {months}.", "Brunch! {product}! Sundays at {company}! {name} has to come! {code} for {percent} off, {months}! (calm it down please)",
    "Let {name} know the sauna's open. Ticket's called {product}, house is {company}, {code} brings it down by {percent} during {months}.", "ice cream van {company}, new cone {product}, kid at heart {name}, {percent} off for {months}, password {code}",
    "Please offer our regular {name} the lunch pass {product}: {percent} off, {months}, with {code}. Greetings from the kitchen of {company}.", "It's a tea. It's {product}. It's from {company}. {name} drinks tea. {code} takes {percent} off for {months}.",
    "Our campsite has cabins now: {product}. {company} invites {name}. {percent} cheaper if they book with {code} within {months}.", "Cheers from the taproom at {company}, {name}! That's the opening. Then the growler club {product}, then {code}, {percent} off, {months}.",
    "A museum shop, {company}. A puzzle, {product}. A friend of the museum, {name}. A code, {code}. {percent} off. {months}.", "The choir needs {name} to know about {product}, our CD. {company} sings. {code} cuts the price by {percent} for {months}.",
    "Toddler group {company} starts {product} on {weekday}. Mum or dad: {name}. {percent} off the term fee with {code} for {months}.", "Swim school {company}: crawl course {product}. E-mail {name}, {percent} discount, {months}, {code}.",
    "{name} has outgrown the junior racket. Suggest {product}. We're {company}. {code} = {percent} off. {months}.", "The second-hand bookshop on the corner, {company}, has a book box by post: {product}. Tell {name}: {code}, {percent} less, {months}.",
    "a mail for {name} about the dance shoes {product} [they've|we've] been waiting for, {percent} off, code {code}, {months}, yours {company}", "Zoo pass {product}, issued by {company}, {percent} off when {name} types {code}; good for {months}.",
    "{company} (charity shop) to {name} (donor): thanks, and here's {product} (our calendar), {percent} off with {code}, {months}.", "{name} plays the flute. {product} is a flute case. {company} sells it. {code}, {percent}, {months}. You see where this goes.",
    "For {name}, whose cat is fussy: {product} by {company}, a cat food. {percent} off for {months}. Coupon: {code}.", "Comic shop here, {company}! {product} issue one is on the shelf, {name} wants it, {code} does {percent} off, {months}.",
    "Announce to {name} our escape room \"{product}\". {company}, cellar, bring a jumper. {code}: {percent} off for {months}.", "Board game night's sorted: {product} from {company}. Mail {name}. {percent} off with {code}. Lasts {months}.",
    "Kite season. {product} flies. {company} sells. {name} buys, I hope. {code}, {percent} off, {months}.", "Our {noun} museum has an audio guide at last, {product}; write {name} that {company} gives {percent} off for {months}, code {code}.",
    "{code}: {percent} off the prom dress {product} at {company}, for {name}, for {months}. Sparkly but short.", "Parents' evening is over, thank God. Mail {name} re {product}, the homework club by {company}. {code}. {percent} off. {months}.",
    "You there, robot: {name}, {company}, {product} the skateboard, {code}, {percent} off, {months}. Kickflip it into an e-mail.", "Let's tell {name} that the carousel is back, that riding it is called {product}, that {company} runs it and that {code} saves {percent} for {months}.",
    "Bouquet by post, {product}. Florist, {company}. Addressee, {name}. Petals off: {percent}. Bloom time: {months}. Magic word: {code}.", "Could {name} use a rain cape? {company} has {product} in yellow. {percent} off, {months}, {code}.",
    "This is the ferry office at {company}. Ten-trip card, {product}, {name}, {code}, {percent} off, {months}. Thank you, over and out.", "New pram in store! {product}. {company}. Expecting: {name}. Off: {percent}. With: {code}. Through: {months}.",
    # Two to four sentences.
    "I own a café with {small} tables and no parking. We do a cold brew now, bottled, and it's called {product}. {name} sits by the radiator every {weekday} with a laptop, so tell {name}: {percent} off for {months}, just mention {code}. We're {company}.",
    "The museum turns a hundred and brings out a family ticket, {product}. Please write to {name}, who volunteered at the ticket desk for years. {company} gives {percent} off the ticket for {months} to anyone with the code {code}.",
    "Our football club needs a new roof, so we sell scarves. The scarf's name is {product}. {company} would like {name} (season ticket holder since {year}) to have one at {percent} off; they enter {code} in the fan shop. It's possible for {months}.",
    "Good evening, hotel {company}, night porter speaking. Quiet night, so I'm doing the manager's e-mails. {name} left a nice review and a single sock. Thank them, and tell them about the out-of-season rate called {product}: {percent} off, {months}, booking word {code}. I'll deal with the sock.",
    "As a drama teacher I never thought I'd sell anything. But the school theatre publishes its plays now, under {company}, and the first one is {product}. Would you tell {name}, who teaches in {city}? With {code} there's {percent} off the set of scripts. The offer's for {months}.",
    "{company} runs evening classes. In {month} we begin {product}, Italian for people who like to eat. {name} came to the taster lesson. Offer {percent} off the first {months}; the code {code} goes in the remarks field.",
    "A colleague of {name} bought our backpack and now {name} wants one too. But the new model is better. Point them to {product}, say {company} takes {percent} off for {months}, and give them {code} before they order the old one.",
    "We rent out costumes, {company}, maybe you've heard of the elephant. From now on there's a party box with everything for ten children; it's been named {product}. {name} has a daughter turning six. {percent} off with {code}, and that's on for {months}.",
    "Please write to a donor, {name}, in the name of our charity, {company}. We've published a cookbook called {product}; every copy pays for a school lunch. {code} gives donors {percent} off for {months}. Warm, not pleading.",
    "{person} made the poster, I make the coffee, you make the e-mail. {name} gets it. The film festival pass is {product}; {company} sells it {percent} cheaper for {months} to people who enter {code}. Lights, camera.",
    "Our gym isn't a gym for models. {name} knows that, {name} is 71 and deadlifts. So tell them in {company}'s easy tone that we've started {product}, strength for grey heads. {percent} off, {months}, {code} at reception.",
    "Dear all, no, dear assistant. The stationery shop {company} has a fountain pen of its own at last. It's named {product}. {name} writes real letters, I've seen the stamps. {code} means {percent} off for {months}.",
    "Hiya! Soft play centre {company} here. There's a toddler morning now, {product}, and {name} has two under three, poor thing. Chuck in {percent} off for {months}. They tap in {code} when booking.",
    "What about the wool shop? We've dyed a new yarn, {product}, in the colours of the harbour. {name} runs the knitting circle at {city} library. From {company}, with love, with {code}, with {percent} off, for {months}.",
    "Our puppet theatre goes on tour and sells a kit: make your own dragon. It's called {product}, it's by {company}, it has {number} parts. {name} wrote to the dragon in {month}. The dragon would like to answer and enclose {code}, which makes it {percent} cheaper for {months}.",
    "{name} is on the waiting list for a kayak. We found something better. It folds. Present our folding kayak, {product}, and offer {percent} off. They'd order at {company} with the word {code} and they have {months} to think.",
    "As the caretaker I shouldn't be writing this, but the head of the music school, {person}, is off with her back. {company} hires out violins now. The scheme's name is {product}. {name}'s boy starts in {month}. {percent} off for {months}, quoting {code}.",
    "If you love cheese, you know {company}. If you know {company}, you've waited for a cheese club. It's here and it's {product}. That's the idea; the reader is {name}; the carrot is {percent} off for {months} via {code}.",
    "So the scout shop has tents again. {product}: sleeps {small}, survives hail. {company} thinks of {name} first because the old tent flew into the lake. {percent} off? Yes. {months}? Yes. {code}? Yes.",
    "Kindly inform our member {name} that the golf club, {company}, has opened its simulator room. Admission is by a pass called {product}. Members who state {code} pay {percent} less, for {months}.",
    "Our pop-up became a shop. {company}, ground floor, blue door. We sell one coat in {small} colours and it's {product}. To {name} please, who bought the sample off my back: {percent} off a new one, {months}, {code}.",
    "There's a bell on our door and each time it rings I hope it's {name}. Tell them the record player is in. {product}. {percent} off for {months} if they say {code}. Vinyl shop {company}. That's me.",
    "[Quick favour|Small favour|A favour], please. The farm park ({company}) does birthday parties now. We named the package {product}. I'd like {name} to book the first; tempt them with {percent} off, {code}, {months}.",
    "For our customer {name}, diabetic and fond of cake: the pastry shop {company} has created {product}, no sugar, lots of nuts. Voucher code {code}. It saves {percent}. It's valid {months}.",
    "Every museum has a cat nowadays. Ours has a children's book about the cat, {product}. Tell {name}, who feeds it. {company} gives {percent} off till the {months} are over with {code}.",
    "We don't do newsletters at {company}. We write to people. Today's person: {name}, ran the {city} half marathon in our socks. Today's news: {product}, the shoe to go with them. Today's present: {code}, worth {percent} off for {months}.",
    "Somewhere in {city} there's a hall full of pinball machines. We own it. {company}. A monthly card exists as of Friday, name {product}. {name} holds the high score on {small} of them. {percent} off, {months}, {code}. Make it ding.",
    "She's called {name} and she taught half the town to swim. Our pool, {company}, has an early-bird ticket, {product}, six to eight. Please offer it with {percent} off for {months} under {code}. A bit of reverence wouldn't hurt.",
    "Library friends' association {company} has printed a tote bag. Name: {product}. Price: {number}. Minus {percent} with {code}. For: {months}, and for: {name}, who returned a book after {number} years.",
    "Two tickets left on the shelf, one season to go. The theatre is {company}, the subscription is {product}, the theatre-goer is {name}. She pays {percent} less with {code}. That's an offer for {months}, no encore.",
    "Could you congratulate {name} on passing the sailing exam? And then say {company} has charter boats, and a card for them, {product}, and that {code} lowers the price by {percent} for {months}.",
    "The village hall got a kitchen, the kitchen got a cook, and the cook does lunches: {product}, every day at noon. {name} lives alone. From {company}, neighbourly: {percent} off for {months} with {code}, and we can bring it round.",
]

REQUESTS_WITHOUT_COMPANY: list[str] = [
]
# fmt: on
