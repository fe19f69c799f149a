"""Natural prompts of people who work with their hands: trades, crafts, farms, kitchens, family firms, the old and the hurried.

Templates as in `wording.py`, like those of `scenes.py`; every request says all of its fields."""

# fmt: off
COMPANY_PROMPTS: list[str] = [
]

SYSTEM_PROMPTS: list[str] = [
]

REQUESTS: list[str] = [
    # On the van, at the bench, in the barn: short ones.
    "Plumber here. {company}. New boiler care plan, {product}. Tell {name}: {code}, {percent} off, {months}.",
    "Quick one between two roofs: {name} should know that {company} now does {product}, gutter cleaning that is, {percent} off for {months} with {code}.",
    "Our smoked trout is called {product}. {company} smokes it. {name} eats it, at {percent} off, for {months}, if they type {code}.",
    "Can you knock up an e-mail for {name}? {company}'s garden sheds, the {product} range, {code}, {percent} off, {months}.",
    "{name} wanted a sturdier ladder. Well: {product}, from {company}. {percent} cheaper for {months}, code {code}.",
    "[Hens are laying again|The hens are back at it] and so is {company}. Egg box scheme {product}, mail to {name}, {code}, {percent} off, {months}.",
    "Two lines to {name} please. We bake, we're {company}, and the new rye is {product}. {code} takes {percent} off for {months}.",
    "Anvil's hot, no time. {company} forged {product}, a hatchet. {name}, {percent} off, {months}, {code}.",
    "Say hello to {name} from {company} and say the beeswax candles ({product}) are in. Voucher {code}: {percent} off, {months}.",
    "Message for Mrs or Mr {name}: {product}, our mattress made of horsehair, ready to order at {company}. {percent} discount, {months}, voucher {code}.",
    "{company}, saddlers since {year}, present {product} to {name}. A girth at {percent} off. {code}. {months}.",
    "Sawdust everywhere but it's finished: {product}, our rocking chair. Let {name} know. {company}. {percent} off, {code}, {months}.",
    "Would {name} like {product}? It's a jam. {company} cooks it. For {months} it's {percent} off, with {code}.",
    "Announce the tractor {product}. Maker {company}. Addressee {name}. Rebate {percent}. Word to enter {code}. Period {months}.",
    "From the potter's wheel of {company}: a teapot, {product}. E-mail {name} that {code} knocks {percent} off for {months}.",
    "i fix bikes, {company} is the shop, {product} is a new service card, {name} gets it {percent} off for {months}, code {code}, write it nice",
    "One for {name}: the winter tyres we call {product} came in at {company}, {percent} off, {code}, {months}. Ta.",
    "Get {name} to try {product}, the oat drink. Bottled at {company}. {months} of {percent} off via {code}.",
    "Mail for {name} about a hammer. Yes, a hammer: {product}. By {company}. {code} = {percent} off = {months}.",
    "Tile adhesive {product}, brand {company}: offer {name} {percent} off for {months}, quoting {code}.",
    "They've been asking at the market. {product}, goat's cheese, {company}. Write {name}; {code} saves {percent}; {months}.",
    "My violin strings are ready. {product}. My workshop is {company}. My customer is {name}. Code {code}, {percent} off, {months}.",
    "Please let {name} know we sharpen scissors now. {company} calls it {product}. {code} makes it {percent} cheaper, {months} long.",
    "{name} must hear of {product} before the harvest. {company} takes off {percent} for {months}. The code is {code}.",
    "Dear helper, short note to {name}, {product} from {company} (it's a wood stove), coupon {code}, minus {percent}, {months}.",
    "{percent} off the chimney sweep subscription {product}. {months}. {code}. Signed {company}. Sent to {name}.",
    "Put {name} in the picture: the hive tool {product}, stamped {company}, costs {percent} less for {months} under code {code}.",
    "boots, {product}, hand sewn by {company}, for {name}, coupon {code}, {percent} off, {months}. that's it",
    "Tell {name} the roses came. Variety {product}, nursery {company}, {percent} reduction, {code} on the order slip, {months}.",
    "New on the menu at {company}: {product}. Guest: {name}. {code} on the bill means {percent} off for {months}.",
    # Two to four sentences.
    "I run a small cider press with my brother {person} outside {city}. This autumn's bottling is called {product}, and the label says {company} as it always has. Please write {name}, who took {number} bottles last year, that {code} brings the price down by {percent} for {months}.",
    "My husband does the upholstery and I do the talking, but I can't write. He has finished a footstool, {product}. Would you tell {name}? From {company} of course, with {percent} off for {months}. He scratched the code on a bit of leather: {code}.",
    "We shear in June, spin in autumn and knit all winter. This year's jumper is {product}. {name} ought to get one {percent} cheaper, so let them have {code}, good for {months}. Yours, {person}, {company}",
    "[Morning.|Mornin'.] Got a customer by the name of {name}, lovely person, had the whole bathroom done by us. We've started a yearly check-up, {product}, and I'd like them on it. Knock off {percent} for {months}, use {code}. Name of the firm's {company}.",
    "The apprentice built something worth selling! It's a bird feeder and he christened it {product}. {company} will stock it from {weekday}. First e-mail to {name}, please, with code {code} for {percent} off during the first {months}.",
    "You know the bread from {company}? There is a new loaf, {product}, with caraway. {name} comes in each Saturday and should read about it beforehand. {percent} off the loaf, {months}, by saying {code} at the counter.",
    "I have forty years of plastering in these hands and not one e-mail. So you write it. Recipient: {name}. What: our lime plaster in a bag, called {product}. Who: {company}. {percent} off for {months} if they ring up and say {code}.",
    "Our mill stood still for three summers; now it grinds again. The flour is sold as {product}. I'd be glad if you wrote to {name} in the name of {company} and enclosed, so to speak, a coupon: {code}, {percent}, {months}.",
    "Cows don't wait, so briefly. {company} delivers milk to the door from now on, a thing called {product}. {name} lives on the round. {code} when signing up, {percent} off, {months}.",
    "We lay floors. We also sell the oil we use, since people kept asking, and the tin has {product} written on it. Ask {name} whether the oak floor in the hall still looks good, then mention {percent} off for {months} with {code}. The invoice said {company}, so sign like that.",
    "Restaurant {company}, evening shift. The chef's new tasting menu is called {product}. {name} celebrated a birthday here and liked the window table. Offer {percent} off for {months}; they say {code} when booking.",
    "Five dogs, one clipper, no hands free. Dictating: mail to {name}. The grooming package is named {product}. It's {company} who offers it. {percent} off, the code's {code}, and they've got {months} to use it.",
    "I paint signs for a living and somehow ended up making a paint. It's {product}. {company} is just me, really. Could {name} get a friendly mail with {percent} off? Code: {code}. Ends after {months}.",
    "A blacksmith doesn't advertise, my father said. I do. Please introduce our garden gate {product} to {name} and give them {code}, which takes away {percent} for {months}. The forge is {company}.",
    "What we'd like: an e-mail. Who should get it: {name}, who had a coat altered in {month}. What's in it: our mending kit {product}, and {percent} off for {months} with the word {code}. Who we are: {company}, tailors.",
    "The glazier two doors down, {othercompany}, sends mails all the time, so now we do too. {company} makes a cold frame for vegetables. It goes by {product}. Write to {name} with {code}; that's {percent} off for {months}.",
    "After the flood we had to rebuild the workshop and with it the whole range. First piece out of the door: {product}, a bench. {name} lent us a pump, so {name} hears first. {company} says thanks with {code}: {percent} off, {months}.",
    "Kindly prepare a letter by e-mail to the honoured customer {name}. Our house, {company}, has manufactured brushes since {year}. The newest brush bears the name {product}. For {months} a rebate of {percent} is granted to whoever enters {code}.",
    "You can't buy decent secateurs any more, {name} told me at the allotment. Now you can: {product}. We're {company}. {code} gets {percent} off and it'll work for {months}. Put that politely.",
    "The bees did well. There's lime blossom honey in the small jars, and we named it {product} after the hill. Please mail {name} for us, {company}, and put in {code} for {percent} off. {months} or until the jars are gone.",
    "So we've got this app now, {product}, where people can see when the sweep is coming. I didn't want it, {person} did. Anyway {name} is to be told. {percent} off the yearly fee for {months} with {code}. {company}.",
    "I keep bees, {person} keeps the books, and {company} keeps us both. We'd like to sell {name} our starter hive, {product}. The code {code} reduces it by {percent}. It can be used for {months}.",
    "Frost is coming and people need firewood. Ours is dry, stacked, and comes as {product}, delivered. E-mail {name} and tell them {company} takes {percent} off orders for {months}; the code to give is {code}.",
    "Nothing fancy. {name} bought a cello bow from us in {year}. We now have a rosin. {product} is what it's called and {company} is what we're called. {code} is worth {percent} off for {months}.",
    "[Sorry for the spelling|Excuse the typos], I'm wearing gloves. {name} neds a mail abuot {product}, teh new work trousers from {company}. code {code}. {percent} off. {months}.",
    "Our hotel has a new breakfast, and it has a name as well: {product}. The guest in question is {name}, room {number}, last {month}. With {code} they pay {percent} less over the coming {months}. Greetings from everybody at {company}.",
    "Could you write to my old teacher {name}? I learned basket weaving there and now I have my own firm, {company}, and my own basket, {product}. I'd love to give {percent} off. {code} is what to enter, and it's valid {months}.",
    "Rain stopped play, so I'm doing paperwork in the pavilion. {company} re-strings rackets, and there's a membership for it now ({product}). Please invite {name}. Use {code}, save {percent}, {months}.",
    "We restore church organs. Not exactly a mass market. But {product}, our little practice organ for the living room, might be for {name}. From {company}: {percent} off for {months}, with {code}.",
    "The lambs are on the meadow and I am on the tractor, so do this one for me. {name}. Wool duvet. It's {product}. {percent} off. {months}. {code}. Sign it {company}.",
    # Longer, with things around.
    "Let me explain how this came about. My grandfather made barrels, my mother made barrels, and I make furniture out of barrels, because nobody needs barrels. Last week I finished an armchair. My daughter {person} said it looks like a {noun}, but we called it {product} in the end. Our old neighbour {name} moved to {city} and always wanted something from the workshop. Please write and say that {company} will let it go {percent} cheaper for {months}. They have to type {code} at the end, my daughter says.",
    "I'm on my lunch break on a scaffold in {city}, {number} metres up, with a sandwich in the other hand, so forgive me if this is short on grammar. We as in {company} have been fitting windows for other people's catalogues, {othercompany} mostly. Now we have our own window. It is called {product}. I want {name} to know first because they put up with the dust for six weeks. {percent} off. {code}. {months}. Cheers, {person}",
    "Right, I'll say it in order so you can type along. One, the customer is {name}, that's the lady from the yellow house or maybe it was her brother, doesn't matter. Two, we have a new lawn service, you come, you mow, you go, and it's named {product}. Three, they get {percent} off. Four, that goes on for {months}. Five, the code, {code}. Six, don't write my name, {person}, write {company}.",
    "Hello from the cheese dairy. This is {person}. Every year we make one big wheel for the fair, and every year somebody asks whether one can buy it by post. This time one can. The wheel is {product}. {company} ships it in straw. There are {number} pieces, and {name}, who has been coming since the old dairy in {city}, shall have one before the others, reduced by {percent}. The reduction holds for {months}; it needs {code}. Thank you for putting this in decent words, I only know the words for cheese.",
    "{company} has been my life. I started with one sewing machine under the stairs, then {small} machines, then a proper room with a window. Now I'm {number} and I'd like to launch one last thing before I hand over to {person}: an apron that doesn't need ironing. It's called {product}. My dearest customer is {name}. We write to each other at Christmas. Tell them {percent} off for {months}, and to enter {code}. Don't make it sad.",
    "It says in my notebook: 'Tuesday, call timber yard. Wednesday, dentist. Thursday, e-mail {name} re {product}.' It's Thursday. The thing itself is a folding workbench; we built {number} of them this winter at {company}. I've told the shop system that {code} means {percent} off and that it should stop doing so after {months}. What I haven't done is the e-mail. {person} says you can.",
    "We had a stall at the county show again. Between the ferret racing and the jam tent somebody stopped, looked at our new wheelbarrow for ten minutes and left a card. The card said {name}. The wheelbarrow is {product} and we're {company}. Price on the day was {number} but for a follow-up I'd go {percent} lower, for {months}. Coupon: {code}. Please say it was nice to meet them and that the barrow still has no squeak.",
    "Good evening. I drive the bread van in the mornings and look after the e-mails in the evenings; {person} at the bakery does the real work. From {month} there is a subscription: every week a loaf, through the letterbox flap or into a bag on the door. The subscription's name is {product}. The bakery's name is {company}. There's one for {name}, who keeps asking, and for {months} it's {percent} cheaper provided they put {code} in the box that says code. Something warm please, like bread.",
    "As chair of the growers' cooperative I have to thank you for the text on {otherproduct}. This one is different. {name} isn't a member but buys {number} kilos of apples a year. What we bring out now is a juice press for hire, and the committee named it {product} after two hours of debate (minutes available from {person}). {company} grants {percent} off. The code {code} was chosen by vote. It's valid {months}. Please keep the committee out of the letter.",
    "Listen, I've got the phone in one hand and a wet cloth in the other. There's a burst pipe in {city} and I'm the only one on call. But {person} at the office will kill me if this isn't out tonight. So: {company}, you know, us. {product}, the leak alarm thing, sticks on the wall and beeps. {name} asked about it. {code}. {percent} off. {months} from now. Make it sound like I had time.",
]

REQUESTS_WITHOUT_COMPANY: list[str] = [
]
# fmt: on
