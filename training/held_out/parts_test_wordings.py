"""The user wordings of the test set: what a marketer or an application sends."""

from training.held_out.texts import asks, plain

WORDINGS = [
    plain("""Write a short launch email to {name} from {company} about the new {product}. Code
  {code}, {percent}% off for {term}."""),
    plain("""Could you please draft a brief e-mail to our customer {name}? We at {company} are
  launching {product}, and with the coupon {code} they get {percent}% off for {term}. Thank
  you!"""),
    plain("""Customer: {name}
Company: {company}
Product: {product}
Coupon code: {code}
Discount: {percent}%
Duration: {term}

Please write the launch e-mail."""),
    plain("""Hi, I need an announcement for {product}. Recipient is {name}. The sender is
  {company}. We give {percent} percent off for {term} with {code}. Short please."""),
    plain("""launch mail, to {name}, product {product}, by {company}, {percent}% off {term}, code
  {code}. go"""),
    plain("""{code} is the coupon. It takes {percent} % off the {product} for {term}. Make a
  short e-mail of it for {name}, one of the first customers of {company}."""),
    plain("""My boss wants this out before lunch, so quickly: {company} has just released
  "{product}" and I have to tell {name}, who has been a subscriber for ages. There's a coupon,
  "{code}", for {percent}% off during {term}. Can you write the e-mail?"""),
    plain("""Write to {name} that the {product} is finally here. Add that the code {code} gives
  {percent}% off for {term}."""),
    plain("""Generate a product announcement email.
- recipient = {name}
- brand = {company}
- item = {product} ({kind})
- promo = {code}
- saving = {percent} percent
- valid = {term}"""),
    plain("""We're a small team at {company} and after a lot of late nights our {kind} is ready.
  It is called {product}. Please write a short and heartfelt e-mail to {name} to tell them, and
  offer them {percent}% off for {term} when they enter {code}."""),
    asks("""Write a fun launch email with emojis for {name}! {company} presents {product}.
  {percent}% off for {term}, code {code}."""),
    plain("""Please compose an e-mail to {name}, who is a partner of ours. Subject: launch of
  {product}. A {months}-month discount of {percent}% applies with the code {code}."""),
    plain("""Compose a concise email in which {company} tells {name} about the launch of its
  newest product, {product}, and offers a {months}-month discount of {percent}% with promo code
  {code}."""),
    plain("""{{"task": "launch_email", "customer": "{name}", "company": "{company}", "product":
  "{product}", "coupon": "{code}", "discount": "{percent}%", "duration": "{term}"}}"""),
    plain("""For {term} our customers can have {percent}% off the {product} if they use {code} at
  the checkout. I'd like {name} to know. The letter should come from {company} and be no longer
  than a postcard."""),
    plain("""Announce {product} to {name}."""),
    plain("""Hello! Tomorrow is launch day at {company} and of course it is going to rain, but
  that won't stop us. Would you write a short e-mail to {name} about {product}, our {kind}?
  Please mention that {code} is good for {percent}% off, and that the discount runs for {term}.
  Nothing about the rain, please."""),
    plain("""I'd like an email for the customer '{name}'. Product name: '{product}'. Company:
  '{company}'. Promo code: '{code}' ({percent}% off, {term})."""),
    plain("""Tell {name} about {product} from {company} in a short email, {percent} percent off
  for {term} with code {code}"""),
    plain("""Draft the launch announcement for the {product}. It goes to {name}. Don't forget the
  coupon: {code}, worth {percent}% for {term}. Keep it light."""),
    plain("""Task: e-mail
From: {company}
To: {name}
About: new product, {product}
Offer: {percent} % off for {term}
Code: {code}
Tone: friendly"""),
    plain("""The design team asked me for sample text for our newsletter template, and I would
  rather show them something real. So: the sender is {company}, the reader is {name}, the product
  that comes out on Thursday is {product}, and the coupon {code} knocks {percent}% off for
  {term}. One short e-mail, please."""),
    plain("""new product = {product}. write {name} an email. {company}. discount {percent}% /
  {term} / {code}"""),
    plain("""Can you write a launch e-mail for {name}? They get {percent}% off {product} for
  {term} with {code}."""),
    plain("""As a thank-you for being with {company} from the start, {name} should get {percent}%
  off our new {product} for {term}. The code is {code}. Please write that up as a short, friendly
  e-mail."""),
    plain("""Please write me an e-mail with a subject line. Use these facts and no others.

Name of the subscriber: {name}
What we launch: {product}
Who we are: {company}
What they save: {percent} percent
How long: {term}
What they type in: {code}"""),
    asks("""hey can u do a quick launch msg for {name}, its for {product} by {company}, code
  {code} gets them {percent}% off for {term}. throw in some emojis thx"""),
    plain("""Write an email announcing that {company} has launched {product}, a {kind}. Address
  it to {name}. Offer a coupon code, {code}, good for {percent}% off for {term}."""),
    plain("""{name} bought from us last spring and asked to hear about new things. Now there is
  one, the {product}. Please send a few lines in the name of {company}, with the coupon {code}.
  It is worth {percent}% and can be used for {term}."""),
    plain("""I run marketing at {company}. This quarter is all about {product}. I want every
  subscriber to feel that the e-mail was written for them alone, so please write one for {name}.
  The incentive is a {percent}% discount for {term}, and the code to redeem it is {code}. Around
  80 words would be great."""),
    plain("""Create short email: product launch. Variables:
NAME={name}
COMPANY={company}
PRODUCT={product}
CODE={code}
PERCENT_OFF={percent}%
PERIOD={term}"""),
    plain("""Short e-mail please. Reader: {name}. News: {product} is out. Coupon: {code}. Saving:
  {percent}%. Time: {term}."""),
    plain("""It's me again. The last mail was lovely, thanks. Next one is for {name}: same idea,
  new product. We ({company}) bring out {product} on Monday, and {name} can use {code} for
  {percent}% off. The coupon works for {term}."""),
    plain("""Dear assistant, kindly prepare a short promotional e-mail on behalf of {company},
  addressed to {name}, regarding the introduction of {product}. Kindly include the coupon code
  {code}, which entitles the recipient to a reduction of {percent} percent for a period of
  {term}."""),
    plain("""Use the following to write a launch email:
1) {product} - our new {kind}
2) {percent}% off for {term}
3) code: {code}
4) customer: {name}
5) signed by: {company}"""),
    plain("""Write an e-mail to {name}. The reader should learn three things: the {product} is on
  sale from today, it is made by {company}, and {code} saves {percent}% for {term}."""),
    plain("""Please write the mail to {name}."""),
    plain("""EMAIL TO {name}: {company} LAUNCHES {product}. {percent}% OFF FOR {term}. CODE
  {code}."""),
    plain("""We talked about this in Tuesday's meeting, here is the summary. Lena from sales
  wants to reach {name} personally. What she wants to say: {company} now has {product}, it is a
  {kind}, and early customers get a coupon. The coupon is {code}. It gives {percent}% off. Legal
  has agreed to {term}, no more. Please turn that into an e-mail of five or six sentences."""),
    plain("""Make a {product} launch email for {name} at once. {months}-month coupon {code},
  {percent}% off. Sender {company}."""),
    plain("""How would you tell {name}, a loyal subscriber of {company}, that {product} has
  arrived? Write it as a short e-mail. Include that they'll get {percent}% off for {term} by
  using the code {code}."""),
    plain("""I'm building a demo of our mail tool and need one example. Imagine {company}
  launching {product}. The customer is called {name}. Discount code {code}, {percent}% off,
  lasting {term}. Write the email that the customer would receive."""),
    plain("""Prepare an announcement of {product} for {name}, with {percent}% off for {term}
  (code {code}). Thanks in advance, and have a nice weekend."""),
    asks("""Product launch email, playful, emojis welcome - please use at least two. For: {name}.
  From: {company}. What: {product}. Coupon {code} = {percent}% off for {term}."""),
    plain("""please write email to customer {name} for new product {product} of company
  {company}, the customer can get {percent} % discount with code {code}, and the discount is for
  {term}, thank you"""),
    plain("""Below is the whole brief as I got it from the product people. I'm sorry that it is
  so long; take from it what you need.

The idea for {product} came up at the summer party of {company}, when somebody said that the
  world did not have a decent {kind}. Nobody believed it at first. The team looked at what was on
  sale, took a good deal of it apart on the kitchen table, and came to the conclusion that one
  could do better. A first sample was ready before the leaves fell, and it was terrible. The
  second was too heavy, the third too dear. With the fourth the people in the office stopped
  giving it back, and that is how we knew.

Since then we have shown it to customers at two trade fairs, and most of those who tried it
  wanted to know when they could have one. The answer is: this week. There will be a small
  celebration at the headquarters with cake, and the forecast says sunshine, so we may even do it
  outside.

A few things that came up when we talked about it over coffee: people like to hear that a product
  has a history, but they do not want the whole of it. They do not care who sat at which table.
  They do care whether it works, and it does. And they can tell when an e-mail was written for
  everybody, so please do not make it sound as if it was.

Now to your part. We want to write to people who have been on the list for a long time. Please
  begin with {name}, who has sent us several useful comments over the years. The e-mail should be
  short, personal and easy to read, with one or two details from the story above if they fit.
  Everyone on the list gets a coupon as a thank-you. In this case it is {code}, and it takes
  {percent}% off for {term}. The e-mail is from {company}, as always, and goes out tomorrow at 9
  in the morning."""),
    plain("""Here's the thread, please write the e-mail that comes out of it.

Mira: Who tells {name} about the launch?
Jakob: Not me, I'm at the printer's all day. Can't the assistant do it?
Mira: Fine. But it has to say {product} in full, they mixed it up with the old model last time.
Jakob: And that it's from {company}, not from the distributor.
Mira: What about the coupon?
Jakob: {code}. That's {percent}% off.
Mira: For how long?
Jakob: {term}, the finance people signed it this morning.
Mira: Good. Short and friendly, then, the way we always do it. No attachments."""),
    plain("""We have a launch coming up and I'd like to do it properly this time. Last year the
  e-mails were far too long, half of the readers dropped off before they reached the offer, and
  the coupon stood at the bottom in small print. So please do it the other way round: greet
  {name}, say straight away that the {product} has arrived, and put the coupon where everybody
  sees it. It is {code}, and it means {percent}% off for {term}. After that there may be a
  sentence or two on what our {kind} is good for, if there's room. {company} signs. We'll test
  the e-mail with a handful of people on Wednesday and send it to {name} on Friday, so there's no
  need to mention a date."""),
]
