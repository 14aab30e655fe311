"""Climate, education, science, automation and genetics."""

from pocket.topics.topic import Pole, Topic

CLIMATE = Topic(
    name="climate change",
    phrases=(
        "climate change",
        "the climate",
        "global warming",
        "clean energy",
        "the environment",
        "the changing climate",
        "protecting the climate",
        "oil and coal",
        "wind and solar power",
    ),
    asked=(
        "What should be done about climate change?",
        "Is climate change a serious problem?",
        "Should we use less oil and coal?",
        "Are you worried about the climate?",
        "Does the weather seem different to you?",
    ),
    questions=("GOVPRIORITYd_W54",),
    left=Pole(
        stances=(
            "climate change needs action right now",
            "the government should put the climate at the top of its list",
            "we have to stop burning so much oil and coal",
            "climate change is the great task of our time",
            "clean energy should grow much faster",
        ),
        reasons=(
            "our children will have to live with what we do today",
            "the storms and fires are getting worse every year",
            "nearly all scientists agree on it",
            "waiting will only make it cost more",
            "sun and wind can give people good work",
            "there is no second planet to move to",
        ),
        examples=(
            "For example, a summer here used to have a few hot days, and now it has weeks of them.",
            "Think of families who lost their homes to a flood that used to come once in a lifetime.",
        ),
    ),
    middle=Pole(
        stances=(
            "the climate matters, but we have to be practical about it",
            "we should move to clean energy step by step",
            "climate change is real, and some of the answers go too far",
            "we should protect the climate without hurting working people",
            "the climate is important, but other problems are more urgent",
        ),
        reasons=(
            "people need clean air and they also need jobs",
            "change takes time, and bills have to be paid today",
            "new inventions may help more than new rules",
            "other countries must do their part too",
            "both panic and doing nothing are bad plans",
            "a cheap clean car would change more than any law",
        ),
        examples=(
            "For example, I would help people pay for a better roof before I told them what to drive.",
            "Take a coal town: it needs new work first, and then the mine can close.",
        ),
    ),
    right=Pole(
        stances=(
            "the talk about climate change is overdone",
            "the government should leave the climate alone",
            "cheap energy is more important than climate rules",
            "we should keep using our own oil and gas",
            "climate rules cost too much and do too little",
        ),
        reasons=(
            "the climate has always changed",
            "working people pay the price in higher bills",
            "other countries will keep on burning coal anyway",
            "good jobs in oil and gas feed many families",
            "many of the warnings from years ago did not come true",
            "people will adapt, as they always have",
        ),
        examples=(
            "For example, when fuel gets expensive, a man who drives a truck pays for it first.",
            "Think of a mining town that lost its work, while coal is burned on the other side of the world.",
        ),
    ),
    statements={
        "GOVPRIORITYd_W54": (
            ("climate change should be one of the first goals of government", "the climate has to come first"),
            ("climate change is important but other things come first", "the climate can come second"),
            ("climate change is not a very important goal", "the climate is no great concern"),
            ("climate change is nothing for the government to work on", "government should do nothing on climate"),
        ),
    },
)

EDUCATION = Topic(
    name="education",
    phrases=(
        "education",
        "college",
        "free college",
        "the cost of college",
        "universities",
        "student debt",
        "higher education",
        "tuition",
        "colleges",
        "free tuition",
    ),
    asked=(
        "Should college be free?",
        "What do you think about universities?",
        "Is college worth the money?",
        "What should be done about education?",
        "Is higher education going in the right direction?",
    ),
    questions=("FREECOLL_W92",),
    left=Pole(
        stances=(
            "public college should be free",
            "everyone should be able to study without going into debt",
            "the country should pay for the education of its young people",
            "college should not depend on the money of the parents",
            "we should invest much more in education",
        ),
        reasons=(
            "young people start their lives with huge debts",
            "a bright child from a poor family should get a fair chance",
            "the whole country gains when people learn more",
            "other countries manage to do it",
            "school is free for children, and college is just the next step",
            "good jobs ask for a degree today",
        ),
        examples=(
            "For example, a nurse I know will pay for her degree until she is fifty.",
            "Think of a bright girl who stays home because the family cannot pay for college.",
        ),
    ),
    middle=Pole(
        stances=(
            "college should be cheaper, but not free for everyone",
            "students should pay a part and the public should pay a part",
            "college is good for some people and a trade is better for others",
            "we should help poor students first",
            "colleges do good work and also need to change",
        ),
        reasons=(
            "things that cost nothing are often not valued",
            "the debts are too high, but someone has to pay the teachers",
            "a plumber does as much good as a lawyer",
            "rich families can pay and poor families cannot",
            "a loan that you can pay back is fair",
            "not every course leads to a job",
        ),
        examples=(
            "For example, I would make the first two years free and then see.",
            "Take my cousin: he learned a trade and earns more than I do.",
        ),
    ),
    right=Pole(
        stances=(
            "college should not be free",
            "people should pay for their own studies",
            "there are too many people in college already",
            "learning a trade is often better than going to college",
            "taxpayers should not have to pay for college",
        ),
        reasons=(
            "nothing is free, and somebody has to pay for it",
            "a worker without a degree should not pay for a lawyer's studies",
            "you value what you have worked for",
            "colleges teach opinions instead of useful skills",
            "the country needs people who can build and repair things",
            "prices went up because the government handed out money",
        ),
        examples=(
            "For example, I know a welder with his own house and a man with a degree who pours coffee.",
            "Think of a student who works in the evening to pay her way. She learns more than she would for free.",
        ),
    ),
    statements={
        "FREECOLL_W92": (
            ("free public college is an idea I strongly support", "I am all for free public college"),
            ("free public college is an idea I rather support", "I am more for free public college than against it"),
            ("free public college is an idea I rather oppose", "I am more against free public college than for it"),
            ("free public college is an idea I strongly oppose", "I am firmly against free public college"),
        ),
        "HIGHED_W36": (
            ("colleges are going in the right direction", "higher education is on the right road"),
            ("colleges are going in the wrong direction", "higher education is on the wrong road"),
        ),
    },
)

SCIENCE = Topic(
    name="science",
    phrases=(
        "science",
        "scientists",
        "research",
        "public money for research",
        "scientific research",
        "science and politics",
        "experts",
        "funding for science",
    ),
    asked=(
        "Should scientists have a say in politics?",
        "Do you trust scientists?",
        "Is science worth the public money?",
        "What do you think about science?",
        "Should scientists stay out of politics?",
    ),
    questions=("POLICY1_W42", "SCI3A_W34"),
    left=Pole(
        stances=(
            "scientists should speak up when laws are made",
            "we should listen more to scientists",
            "public money for science is money well spent",
            "good laws need good science",
            "science is one of our best tools",
        ),
        reasons=(
            "those who know the facts should be heard",
            "many cures began with research that nobody would pay for",
            "leaders often decide on things they do not understand",
            "facts are better than guesses",
            "science checks its own mistakes",
            "a dollar for research today brings back many later",
        ),
        examples=(
            "For example, a doctor who studies a disease should help to write the plan against it.",
            "Think of the vaccines and the phone in your pocket. Public research stands behind both.",
        ),
    ),
    middle=Pole(
        stances=(
            "scientists should explain the facts, and the people should decide",
            "science is useful, but it does not answer every question",
            "public research is good when it is spent with care",
            "scientists should be heard like other people with knowledge",
            "I trust science more than I trust single scientists",
        ),
        reasons=(
            "facts and values are two different things",
            "scientists can be wrong too",
            "a good law needs facts and also common sense",
            "some research pays off and some does not",
            "nobody should have the last word just because of a title",
            "we need both curiosity and care",
        ),
        examples=(
            "For example, a scientist can tell us about a river, and the town has to decide about the dam.",
            "Take medicine: I ask my doctor, and then I make up my own mind.",
        ),
    ),
    right=Pole(
        stances=(
            "scientists should stick to facts and stay out of politics",
            "science should not tell people how to live",
            "the government spends too much on research of little use",
            "private companies can do most research better",
            "scientists are not always right",
        ),
        reasons=(
            "once scientists take sides, people stop trusting them",
            "experts have been wrong before",
            "decisions belong to the people who were elected",
            "common sense counts for something too",
            "public money goes to studies that nobody needs",
            "a scientist has one vote like everybody else",
        ),
        examples=(
            "For example, I trust a scientist about the stars but not about my taxes.",
            "Think of the advice on food that changes every ten years.",
        ),
    ),
    statements={
        "SCI3A_W34": (
            ("public money for basic science usually pays off in time", "government research is worth it in the end"),
            ("public money for basic science is not worth it", "government research costs more than it gives"),
        ),
        "POLICY1_W42": (
            ("scientists should take part in debates about policy", "scientists should speak up on public matters"),
            ("scientists should find facts and stay out of policy", "scientists should stay away from public debates"),
        ),
    },
)

AUTOMATION = Topic(
    name="automation",
    phrases=(
        "automation",
        "robots",
        "machines that take over jobs",
        "computers at work",
        "robots and jobs",
        "machines and work",
        "artificial intelligence at work",
        "jobs lost to machines",
        "new technology at work",
    ),
    asked=(
        "What should happen when robots take over jobs?",
        "Are you afraid of robots?",
        "Who should help workers who are replaced by machines?",
        "What do you think about automation?",
        "Will machines take our work?",
    ),
    questions=("ROBJOB6_W27", "ROBJOB5D_W27"),
    left=Pole(
        stances=(
            "the government should take care of workers who are replaced by machines",
            "nobody should be left behind when robots take over",
            "the gains from machines should be shared by all",
            "people who lose their work to a machine need real help",
            "the government should pay for useful work that people can do",
        ),
        reasons=(
            "a worker cannot stop a machine from coming",
            "the owners get rich while the workers lose their pay",
            "a man of fifty cannot simply start again",
            "people need work to feel useful",
            "whole towns can lose their jobs at once",
            "a rich country can afford to look after its workers",
        ),
        examples=(
            "For example, the store near me has machines now, and three women lost their work.",
            "Think of all the people who drive a truck. One invention could change their lives.",
        ),
    ),
    middle=Pole(
        stances=(
            "workers should get help to learn new skills, and then it is up to them",
            "machines bring good things and hard changes",
            "both the government and the workers should prepare for robots",
            "automation is neither a dream nor a disaster",
            "help for a short time is fair when a machine takes a job",
        ),
        reasons=(
            "new machines have always made new kinds of work",
            "some people learn quickly and others need time",
            "companies should carry a part of the cost",
            "we cannot stop progress, but we can make it softer",
            "school should prepare people for change",
            "nobody knows how fast it will go",
        ),
        examples=(
            "For example, pay for a year of training, and after that people must find their way.",
            "Take farming: machines took most of the work, and people found other jobs in time.",
        ),
    ),
    right=Pole(
        stances=(
            "people have to take care of themselves, also when machines change their work",
            "we should not fear new machines",
            "it is not the job of government to replace every lost job",
            "workers should learn new skills and move on",
            "machines make a country richer in the end",
        ),
        reasons=(
            "people have always found new work",
            "a check from the government is no replacement for a real job",
            "those who plan ahead do well",
            "made-up work helps nobody",
            "taxes on machines would only drive companies away",
            "change has always been a part of life",
        ),
        examples=(
            "For example, my grandfather lost his job to a machine and then opened a repair shop.",
            "Think of the car: it ended the work of many horses and made a hundred new trades.",
        ),
    ),
    statements={
        "ROBJOB6_W27": (
            ("government has to look after people replaced by robots", "the state must care for workers who lose out"),
            ("people replaced by robots have to look after themselves", "workers who lose out must help themselves"),
        ),
        "ROBJOB5D_W27": (
            ("paid public work for those replaced by machines is a very good plan", "I strongly back paid public work"),
            ("paid public work for those replaced by machines is a good plan", "I back paid public work"),
            ("paid public work for those replaced by machines is a bad plan", "I oppose paid public work"),
            (
                "paid public work for those replaced by machines is a very bad plan",
                "I strongly oppose paid public work",
            ),
        ),
        "WORK2_W27": (
            ("society makes too much of work", "having a job is given too much importance"),
            ("society makes too little of work", "having a job is given too little importance"),
            ("society gives work about the right place", "having a job is given the right importance"),
        ),
    },
)

GENETICS = Topic(
    name="genetics",
    phrases=(
        "genetics",
        "gene editing",
        "changing the genes of babies",
        "genes",
        "genetic engineering",
        "editing genes",
        "gene research",
        "gene technology",
    ),
    asked=(
        "Should doctors change the genes of a baby?",
        "What do you think about gene editing?",
        "Does gene research go too far?",
        "Are you worried about genetics?",
        "Is it right to edit genes?",
    ),
    questions=("MED7_W34",),
    left=Pole(
        stances=(
            "gene editing is a fair use of medicine",
            "research on genes should go on",
            "we should use genetics to fight disease",
            "gene editing could spare many children a lot of pain",
            "it is right to study genes if the rules are good",
        ),
        reasons=(
            "some diseases run in families for generations",
            "parents want to spare their child a life of pain",
            "new medicine has often frightened people at first",
            "good rules can keep the research safe",
            "knowledge is better than fear",
            "a cure for one child may help thousands",
        ),
        examples=(
            "For example, a boy with a sick heart from birth might one day be born healthy.",
            "Think of a mother who knows that she passes on a disease. She would be glad of a cure.",
        ),
    ),
    middle=Pole(
        stances=(
            "gene editing may be right for grave diseases and wrong for anything else",
            "we should go slowly with gene editing",
            "genetics brings hope and danger at the same time",
            "I am not sure yet what to think of gene editing",
            "gene research needs strict rules",
        ),
        reasons=(
            "healing is one thing, and designing a child is another",
            "we do not yet know what could go wrong",
            "a mistake would be passed on to the grandchildren",
            "rich people should not get better babies than poor people",
            "I would want to know more before I decide",
            "doctors mean well, but they cannot see the future",
        ),
        examples=(
            "For example, I would allow it for a deadly disease but never for the color of the eyes.",
            "Take it step by step: first the cures, then a long pause to look at what happened.",
        ),
    ),
    right=Pole(
        stances=(
            "gene editing takes medicine too far",
            "we should not play God with babies",
            "human embryos should not be used for tests",
            "some lines should not be crossed in research",
            "children should be accepted as they are born",
        ),
        reasons=(
            "an embryo is the start of a human life",
            "nobody knows what harm it may do later",
            "people are not machines that one can repair at will",
            "once we start, we will not know where to stop",
            "every child is a gift and not a product",
            "nature is wiser than we are",
        ),
        examples=(
            "For example, today it is a disease, and tomorrow parents will order tall children.",
            "Think of all the happy people who were born with a weakness. Their lives are worth living.",
        ),
    ),
    statements={
        "MED7_W34": (
            ("testing gene editing on embryos is acceptable in medicine", "such gene tests are a fair use of medicine"),
            ("testing gene editing on embryos takes medicine too far", "such gene tests go too far"),
        ),
        "FUD37C_W34": (
            ("food with changed genes will very likely harm nature", "changed food is a great danger to nature"),
            ("food with changed genes will quite likely harm nature", "changed food is some danger to nature"),
            ("food with changed genes will probably not harm nature", "changed food is little danger to nature"),
            ("food with changed genes will surely not harm nature", "changed food is no danger to nature"),
        ),
    },
)

TOPICS = (CLIMATE, EDUCATION, SCIENCE, AUTOMATION, GENETICS)
