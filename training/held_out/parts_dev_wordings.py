"""The user wordings of the development set."""

from training.held_out.texts import asks, plain

WORDINGS = [
    plain("""Please write a launch e-mail for {name}: {company}, {product}, coupon {code},
  {percent}% off for {term}."""),
    plain("""I want to let {name} know that {company} has a new product called {product}. We are
  giving away {percent}% for {term} with the code {code}. Could you put that in a short
  e-mail?"""),
    plain("""name: {name}
product: {product}
company: {company}
percent: {percent}%
months: {term}
code: {code}
-> short launch email"""),
    plain("""{company} here. Our {product} goes live today. Write to {name}, offer {percent}
  percent off for {term}, coupon {code}."""),
    plain("""Give me an email to {name} on the release of {product}, code {code}, {percent}% off,
  {term}."""),
    plain("""Would you be so kind as to write a few lines to {name}? They are about {product},
  the {kind} that {company} presents this week. The coupon {code} reduces the price by {percent}%
  for {term}."""),
    plain("""Coupon {code}, {percent} % off, {term}. Product {product}. Company {company}.
  Customer {name}. Write email."""),
    asks("""Write {name} a launch email with lots of emojis. It's about {product} from {company}.
  Code {code}, {percent}% off for {term}."""),
    plain("""The sun is out, the banners are up and I still don't have a text for the mailing!
  Please help: {company} launches {product}, {name} is the first on my list, and the coupon reads
  {code}. It gives {percent}% off for {term}."""),
    plain("""Inform "{name}" of the launch of "{product}". Sender: "{company}". Code: "{code}".
  Value: "{percent}%". Validity: "{term}"."""),
    plain("""Write an email from {company} to {name}, who tested an early version of our {kind}.
  The final product is named {product}. As a tester, {name} gets {percent}% off for {term} with
  {code}."""),
    plain("""Tell {name} the {product} has landed."""),
    plain("""Let {name} know about {product}, and don't forget the {months}-month discount:
  {percent}% with {code}."""),
    plain("""Do a short announcement please. {product} is what we launch, {name} is who we tell,
  {company} is who we are. {percent}% off, {term}, use {code}."""),
    plain("""Launch e-mail
To: {name}
Sender: {company}
Re: {product}
Voucher: {code} ({percent} percent, {term})"""),
    plain("""I promised {name} that they would hear first when the {product} is out. It is!
  Please write the e-mail for me, in the name of {company}, with a {months}-month coupon over
  {percent}%. The code is {code}."""),
    plain("""email 4 {name} re new {product} ({company}). {percent}% off w/ {code}, lasts {term}.
  keep it brief"""),
    plain("""We need one more version of the launch mail. This one is for {name}, who is a
  partner of {company} rather than a customer, so a touch more formal. The facts are the same:
  the {product} is available, and the code {code} brings {percent}% off for {term}."""),
    plain("""Write a short product email. Start with the discount ({percent}% for {term}, code
  {code}), then say that it is for the new {product} by {company}. It's going to {name}."""),
    plain("""With {code}, {name} can save {percent}% on our brand-new {product} for {term}.
  Please write that as a nice e-mail."""),
    plain("""<customer>{name}</customer>
<vendor>{company}</vendor>
<product>{product}</product>
<coupon>{code}</coupon>
<discount>{percent}%</discount>
<validity>{term}</validity>
Write the launch e-mail."""),
    plain("""Can I get an e-mail announcing our {kind}, {product}? Company is {company}. It
  should be addressed to {name} and mention {percent}% off for {term}. Coupon code is
  {code}."""),
    plain("""Hi there! It's the marketing intern at {company}. I was asked to write my very first
  launch e-mail and I'm a little stuck. The product is {product}. The e-mail is for {name}. There
  is a coupon, {code}, and it's {percent}% off for {term}. Could you show me how you'd write
  it?"""),
    plain("""An e-mail to {name}, please."""),
    asks("""Short + sweet + a couple of emojis: {company} launches {product}, {name} gets
  {percent}% off for {term}, code {code}."""),
    plain("""Subject of the e-mail: launch of {product}
Recipient of the e-mail: {name}
Sender of the e-mail: {company}
Special in the e-mail: {percent} % off for {term}, enter {code}

Write the e-mail."""),
    plain("""Dear Sir or Madam, on behalf of {company} I request a short e-mail to {name} which
  announces {product} and grants {percent} percent off for {term} by means of the code
  {code}."""),
    plain("""You know the story by now: nobody believed that {company} would ever finish
  {product}, and here we are. The launch party is on Saturday in the yard, with music, and the
  neighbours have been warned. Before that I want everybody who stood by us to get a personal
  e-mail. Let's start with {name}. Say that our {kind} is ready, say thank you, and say that
  there's a coupon. I had to fight for it: at first the accountant wanted none at all, and then
  we agreed on {percent}% off for {term}. The code is {code}. Keep the e-mail short, since I get
  carried away easily, as you can see. No need to mention the party, as there isn't enough cake
  for everyone."""),
    plain("""Notes from the call, please make an e-mail of them:

* the {product} is done, packed and in the warehouse
* {name} should be told before the others, they've been asking for weeks
* coupon for them: {code}
* {percent}% off, and we leave it on for {term}
* {company} as sender, not the parent company
* friendly, not too long, no pictures
* Otto will press the button at 16:00, so the text is needed before"""),
]
