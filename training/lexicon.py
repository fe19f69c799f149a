"""Word lists of the data generator; nothing here is meant to be complete, since most names are made from syllables."""

NOUNS = """account advice answer app area article artist audience autumn balance basket beach bed bicycle bird board book
bottle box branch brand bread breakfast bridge brother budget building business button cable calendar camera campaign car
card care carpet case cat centre chair chance change channel chapter charge cheese child choice city class client climate
clock cloud club coast coat code coffee colour comfort community concert contact content cook corner cost cotton council
country couple course cousin craft credit crowd culture cup curtain customer dance data daughter day deal decision degree
delivery department design desk detail device dinner doctor dog dollar door dream dress drink drive duty ear earth edge
editor effort egg energy engine engineer evening event example expert eye face fact factory family farm farmer fashion
father feature feedback field film finger fire fish floor flower food foot forest form frame friend fruit future game
garden gift glass goal gold grain grass group growth guest guide guitar habit hair hall hand harbour head health heart
heat hill history holiday home honey hope horse hospital hotel hour house human idea image impact industry interest island
issue jacket job journey judge juice key kitchen knee knife knowledge label lake lamp language launch law leader leaf
league leather lemon lesson letter level library light line lion list loan logo lunch machine magazine mail manager map
market material meal meaning meat media member memory message metal method middle milk mind minute mirror model moment
money month morning mother motor mountain mouse mouth movie museum music nature neck needle neighbour network news night
noise nose notebook number nurse object ocean offer office oil opinion orange order owner packet page paint paper parent
park partner party path patient pencil people pepper person phone photo piano picture piece pilot place plan plane plant
plate player pocket poem point police policy pool position potato power practice present press price print prize problem
process product profit project promise proof public purpose quality quarter question radio rain range reader reason record
report research rest result review rice ring risk river road rock role roof room rule salad sale salt sample sand scale
scene school science screen sea season seat second secret section service shape share shelf ship shirt shoe shop shoulder
side sign signal silver sister site size skill skin sky sleep snow soap social soil solution song sound soup source space
speech speed spoon sport spring square staff stage star start station step stone store storm story street student studio
style subject sugar suit summer sun supper supply support surface survey system table task taste tea teacher team test
text theatre theme thing thought ticket time tip title tomato tone tool topic tour towel tower town toy trade train travel
tree trend trip truck trust truth uncle unit user valley value video view village visit voice wall warranty watch water
wave weather website wedding week wheel wind window wine winter wood wool word work worker world writer year youth zone""".split()

VERBS = """accept add agree allow answer appear apply arrange arrive ask avoid bake become begin believe bring build buy
call carry catch change check choose clean close collect come compare connect consider cook copy count cover create cut
decide deliver describe design discover draw drive earn eat encourage end enjoy enter explain explore face fall feel fill
find finish fit fix follow forget gather get give go grow guess guide handle happen hear help hold hope imagine improve
include inform invite join keep know lead learn leave let like listen live look love make manage mark measure meet mention
mind miss move need notice offer open order own pack paint pass pay pick place plan play prefer prepare present press
produce promise protect prove provide publish pull push put reach read receive recommend reduce remember remind remove
repair repeat reply report rest return ride rise run save say see seem sell send serve set share show sing sit sleep smile
sound speak spend stand start stay stop study suggest support surprise take talk taste teach tell test thank think touch
train travel treat try turn understand use visit wait walk want warm wash watch wear welcome win wish wonder work write""".split()

ADJECTIVES = """able active amazing ancient available average basic beautiful best better big bold brave bright broad busy
calm careful central certain cheap cheerful classic clean clear clever close cold comfortable common complete concise
confident correct creative curious current daily deep delicious different direct dry eager early easy elegant empty
energetic engaging entire equal everyday exact excellent excited exciting expensive extra fair famous fast favourite final
fine firm first flat flexible formal free fresh friendly full funny general gentle genuine glad global good grateful great
green handy happy hard healthy heavy helpful high honest hot huge human humble ideal important independent informal
innovative inspiring interesting international joyful keen key kind large late leading light likely little lively local
long loud lovely lucky main major mild minor mobile modern modest natural neat new nice noble normal official old open
ordinary original outstanding patient perfect personal persuasive plain playful pleasant polite popular positive possible
powerful practical precise premium pretty private professional proper proud public pure quick quiet rare ready real recent
regular relaxed reliable remarkable rich right safe serious sharp short simple sincere slow small smart smooth soft solid
special stable steady strong stylish subtle successful sunny super sure surprising sweet tall thin thorough tidy tiny
traditional true trusted unique upbeat urgent useful usual valuable vivid warm weekly welcome white whole wide wild
wise witty wonderful young""".split()

ADVERBS = """again almost already also always away carefully clearly directly early easily enough ever exactly finally
forward gently here just kindly late mostly naturally nearly never nicely now often once only politely quickly quite
rarely really simply slowly sometimes soon still then there today together tomorrow truly usually very warmly well yet""".split()

FUNCTION_WORDS = """the the the a a an of of and and to to in in for for with on at by from as is are was be been that
this these those it its they them their we our us you your he she his her not no but or if when where which who what how
than so all any both each few more most other some such own same too will would can could should may might must do does
did have has had about after before between into over under up down out off through during without within against""".split()

FIRST_NAMES = """Aaron Abdul Abena Adaeze Adam Aditya Agnieszka Ahmed Aiko Aisha Akira Alejandro Alessia Amara Amélie
Amina Anders Andrea Anneliese Antoine Anya Aoife Arjun Astrid Benedikt Björn Bogdan Bridget Bronwyn
Camille Carlos Carmen Catalina Cedric Chen Chiara Chidi Christoph Ciarán Clara Daan Dagny Daniel Delphine
Dmitri Dominik Ebba Eduardo Eileen Ekaterina Elena Elif Emeka Emily Enrique Erik Esther Eun-ji Federico Femi
Fiona Florian Franziska Freya Gabriel Geraldine Giulia Grzegorz Gunnar Hamza Hana Harriet Hassan Heidi Helena Hiroshi
Hugo Ibrahim Ines Isabella Ivan Jakub Jamal Jan Jasper Jean-Luc João Johanna Jorge José Jürgen
Kaito Karim Katarzyna Keiko Kenji Khadija Kofi Kwame Lars Latisha Leila Leonardo Li Liam Linh Lucía Ludovica Magnus Maja
Malik Manuel Marcel María Mariana Marie-Claire Mateo Matthias Mehmet Mei Mia Michaela Miguel Miriam Mohammed Monique Nadia
Naomi Natasha Ngozi Nicolás Niamh Nikolai Noah Noor Omar Oscar Øyvind Pablo Padma Paolo Patrícia Pedro Pernille
Petra Philippa Pierre Rafael Rahul Ravi Rebecca René Ricardo Salma Sanjay Saoirse Sara
Sebastian Selin Sergei Shreya Sibusiso Siobhán Sofia Søren Stefan Sunita Svetlana Tadeusz Tamara Tariq Tatiana
Thandiwe Theodora Thomas Tomás Tuan Ulrike Vanessa Viktor Vivienne Wei Wiktoria William Xavier Ximena Yara
Yasmin Yusuf Zainab Zeynep Zoë Zuzana""".split()

SURNAMES = """Abara Adeyemi Aguilar Ahmadi Almeida Andersson Bakker Banerjee Baptiste Becker Bergström Bianchi Blackwood
Bouchard Brennan Cabrera Carvalho Castellanos Chatterjee Chukwu Colombo Costa Dahl Dąbrowski Delacroix Demir Desai Diallo
Dubois Eriksen Esposito Estévez Fairweather Fernandes Ferrari Fischer Fitzgerald Fontaine Fraser Fujimoto Gallagher García
Goldberg González Grünewald Gupta Haddad Hakimi Hansen Hashimoto Hernández Hoffmann Horvat Hughes Ibáñez Ivanov Iyer
Jankowski Jensen Johansson Kaplan Karlsson Kaur Keller Khan Kim Kowalski Kruger Kumar Laurent Le Lefèvre Lindqvist Lopez
Lundgren MacDonald Marchetti Martínez Mbeki McCarthy Mendoza Meyer Moreau Müller Mwangi Nakamura Ndlovu Nguyen Nielsen
Novák O'Brien O'Connor Okafor Okonkwo Oliveira Öztürk Papadopoulos Park Patel Pereira Petrov Quigley Ramírez Rasmussen Ricci
Rosenthal Rossi Saito Salazar Santos Schneider Schröder Sharma Silva Singh Sørensen Stewart Suzuki Szabó Takahashi Tanaka
Teixeira Thompson Torres Tran Ueda Vandenberg Vargas Vasquez Vogel Walker Watanabe Weber Whitfield Williams Wójcik Wong
Yamamoto Yıldız Zając Zhang Zimmermann""".split()

TITLES = """Dr. Dr Prof. Professor Mr. Mr Mrs. Mrs Ms. Ms Mx. Sir Dame Captain Herr Frau Madame Señora Señor""".split()

COMPANY_WORDS = """Acorn Alder Alpine Amber Anchor Apex Arbor Arctic Atlas Aurora Azure Beacon Birch Blue Bright Cedar
Cinder Clever Cloud Cobalt Copper Coral Crescent Crystal Delta Dune Eagle Echo Elm Ember Epic Ever Falcon Fern Flint Forge
Fox Frost Global Golden Granite Green Harbor Hazel Helix Heron Horizon Indigo Iron Ivy Jade Juniper Kestrel Lark Laurel
Lumen Lunar Magnolia Maple Marble Meadow Mercury Meridian Metro Midnight Mint Mosaic Nimbus North Nova Oak Ocean Olive
Onyx Opal Orbit Otter Pacific Pebble Peak Pine Pioneer Pixel Polar Prime Prism Quantum Quartz Quill Rapid Raven Red River
Rocket Royal Sage Sapphire Silver Slate Solar Sparrow Spruce Stellar Sterling Summit Sun Swift Terra Thistle Thunder Tidal
Timber Titan Umber Union Urban Vega Velvet Vertex Violet Vista West White Willow Winter Zenith Zephyr Any Example Sample""".split()

COMPANY_KINDS = """Analytics Apparel Appliances Audio Automotive Bakery Bank Bikes Books Brewery Brothers Cloud Coffee
Collective Company Computing Consulting Cosmetics Creations Dairy Data Design Digital Dynamics Electronics Energy
Engineering Enterprises Farms Fashion Finance Fitness Foods Furniture Games Gardens Goods Group Health Holdings Home Hotels
Industries Instruments Interiors Kitchens Labs Lighting Logistics Media Mobility Motors Music Networks Optics Outdoors
Partners Pharma Photo Press Printing Products Robotics Services Shoes Software Solar Solutions Sports Studio Studios Supply
Systems Tea Technologies Textiles Toys Trading Travel Ventures Water Watches Wellness Works""".split()

COMPANY_FORMS = """Inc. Inc Ltd. Ltd LLC GmbH AG S.A. SA S.L. BV B.V. AB AS ApS Oy Co. Corp. Corporation Limited PLC Pty
SARL SpA KG KK & Co. International Worldwide UK""".split()

PRODUCT_WORDS = """Active Aero Air Aqua Arc Aura Auto Bio Blast Bloom Bolt Boost Breeze Buddy Care Chef Clear Core Cosmo
Cozy Cube Dash Dawn Deep Drift Duo Easy Eco Edge Elite Ergo Evo Express Fit Flash Flex Flow Flux Fresh Fusion Glide Glow
Go Grand Halo Hyper Infinity Jet Kinetic Leaf Light Link Loop Lux Magic Max Mega Micro Mini Mist Mono Motion Multi Nano
Neo Night Omni One Orbit Perfect Pixel Power Pro Pulse Pure Quick Quiet Rapid Ray Rest Rhythm Ripple Shine Silent Sky Smart
Snap Soft Solo Sonic Spark Spirit Spring Star Storm Stream Super Swift Sync Tempo Total Touch Trail Turbo Ultra Uni Vital
Vivid Volt Wave Whisper Wing Zen Zero Zip""".split()

PRODUCT_KINDS = """Aligner Amplifier App Apron Armchair Backpack Band Bed Bike Binoculars Blanket Blender Board Book Boots
Bottle Box Bracelet Brush Camera Candle Card Case Chair Charger Clock Cloud Coat Coffee Cooker Cream Cushion Dashboard Desk
Detector Diary Dock Door Dress Drill Drone Dryer Earbuds Editor Fan Feeder Filter Frame Freezer Fridge Fryer Glasses Gloves
Grill Grinder Guitar Hammock Hat Headset Heater Helmet Hub Humidifier Iron Jacket Journal Kettle Keyboard Kit Knife Lamp
Lantern Laptop Lens Light Lock Loom Machine Mattress Meter Microphone Mirror Mixer Monitor Mop Mouse Mug Notebook Oven Pack
Pan Pen Perfume Phone Piano Pillow Planner Plan Platform Player Plug Printer Projector Pump Purifier Radio Razor Recorder
Ring Robot Router Rug Saw Scale Scanner Scooter Screen Seat Sensor Serum Service Shampoo Shaver Shelf Shoes Skates Sofa Spa
Speaker Stand Station Steamer Stool Stove Subscription Suitcase Tablet Tea Telescope Tent Thermostat Toaster Tool Toothbrush
Torch Tracker Trainer Tray Treadmill Trimmer Umbrella Vacuum Vest Wallet Watch Whistle""".split()

ROLES = """analyst assistant author blogger brand_manager clerk coach colleague communications_officer consultant
content_creator copy_editor copywriter creative_director customer_success_manager designer editor e-mail_specialist expert
founder growth_hacker helper intern journalist manager marketer marketing_assistant marketing_lead marketing_manager
novelist owner poet product_manager publicist robot sales_assistant salesperson sales_representative secretary
social_media_manager spokesperson storyteller strategist teacher writer""".split()
ROLES = [role.replace("_", " ") for role in ROLES]

CODE_WORDS = """ALPHA AUTUMN BEST BIG BLOOM BONUS BOOST BRAVO CHEER CLICK CLUB COSY DAWN DEAL DELTA DREAM EARLY EASY EXTRA
FALL FAN FAST FIRST FLASH FRESH FRIEND FUN GIFT GLOW GO GOLD GREEN GROW HAPPY HELLO HOLIDAY HOME JOIN JOY JUMP KICK LAUNCH
LIKE LOVE LUCKY MAGIC MAY MEGA MOON NEW NEXT NOW OFFER OPEN PARTY PLUS POWER PRIME PROMO QUICK READY SALE SAVE SHINE SHOP
SMART SNOW SPARK SPRING STAR START SUMMER SUN SUPER SWEET TEAM THANKS TODAY TOP TREAT TRY VIP WARM WELCOME WIN WINTER WOW
YES ZING""".split()

NUMBER_WORDS = {
    1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten",
    11: "eleven", 12: "twelve", 18: "eighteen", 24: "twenty-four",
}  # fmt: skip

EMOJIS = "🎉 🚀 ✨ 🎁 😊 💡 🔥 👋 ⭐ 🛒 💚 🙌 🌟 😀 🎊 💙".split()

CITIES = """Accra Amsterdam Athens Auckland Berlin Bogotá Boston Brussels Cairo Chicago Copenhagen Denver Dublin Geneva
Hamburg Hanoi Helsinki Istanbul Jakarta Kyoto Lagos Leeds Lima Lisbon London Lyon Madrid Manila Melbourne Milan Montréal
Mumbai Nairobi Oslo Paris Porto Prague Quito Rome Seattle Seoul Seville Singapore Stockholm Sydney Tallinn Tokyo Toronto
Valencia Vienna Warsaw Zürich""".split()

LANGUAGES = """English French German Spanish Portuguese Italian Dutch Polish Swedish Turkish Japanese Hindi""".split()
WEEKDAYS = """Monday Tuesday Wednesday Thursday Friday Saturday Sunday""".split()
MONTH_NAMES = """January February March April May June July August September October November December""".split()
