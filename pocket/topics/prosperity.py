"""The economy, poverty, health care and the size of government."""

from pocket.topics.topic import Pole, Topic

ECONOMY = Topic(
    name="the economy",
    phrases=(
        "the economy",
        "big business",
        "rich people",
        "the economic system",
        "billionaires",
        "corporations",
        "taxes on the rich",
        "the profits of companies",
        "wealth",
        "the gap between rich and poor",
        "capitalism",
    ),
    asked=(
        "Is the economy fair?",
        "What do you think about billionaires?",
        "Do companies make too much money?",
        "What should be done about the economy?",
        "Does the economic system work for ordinary people?",
    ),
    questions=("ECONFAIR2_W32", "BILLION_W92", "BUSPROFIT_W92"),
    left=Pole(
        stances=(
            "the economy is set up to favor the powerful",
            "big companies make too much profit",
            "the rich should pay more",
            "it is bad for the country when a few people own so much",
            "working people deserve a larger share",
        ),
        reasons=(
            "most people work hard and still cannot save anything",
            "rich people can buy laws that suit them",
            "pay has not kept up with the price of a home",
            "a company could pay its workers better and still do well",
            "no one earns a billion dollars alone",
            "a child's future should not depend on the parents' money",
        ),
        examples=(
            "For example, the boss of a store earns in a day what the worker earns in a year.",
            "Think of a family with two jobs that still cannot pay the rent.",
        ),
    ),
    middle=Pole(
        stances=(
            "the economy works well for some and badly for others",
            "some companies are fair and others are greedy",
            "very rich people are neither good nor bad for the country",
            "we need free business and also fair rules",
            "the system is sound, but it needs repair",
        ),
        reasons=(
            "small business gives people work, and big money needs watching",
            "I do not mind that people get rich if they pay their share",
            "taxes that are too high or too low both do harm",
            "some people have bad luck, and others make bad choices",
            "my own life has been all right, but I see others struggle",
            "change is needed, but not everything is broken",
        ),
        examples=(
            "For example, the owner of our hardware store pays well, and the big chain does not.",
            "Take taxes: I would close the tricks for the rich and leave the rest alone.",
        ),
    ),
    right=Pole(
        stances=(
            "the economy is fair to people who work hard",
            "most companies earn an honest profit",
            "rich people should not be punished for success",
            "free business is what made this country rich",
            "lower taxes and fewer rules help everyone",
        ),
        reasons=(
            "profit is what lets a company hire people",
            "rich people build things that the rest of us use",
            "a person with a good idea can still make it here",
            "the government does not know better than the buyers and sellers",
            "high taxes drive good jobs away",
            "envy has never made anyone richer",
        ),
        examples=(
            "For example, a man I know started with one truck and now gives work to thirty people.",
            "Think of all the things in your kitchen that someone had to risk money to make.",
        ),
    ),
    statements={
        "ECONFAIR2_W32": (
            ("our economy unfairly favors powerful interests", "the economic system is tilted toward the powerful"),
            ("our economy is fair to most people", "the economic system gives most people a fair deal"),
        ),
        "BILLION_W92": (
            ("it is good for the country that some people own a billion", "billionaires are good for the country"),
            ("it is bad for the country that some people own a billion", "billionaires are bad for the country"),
            ("it is neither good nor bad that some people own a billion", "billionaires do no good and no harm"),
        ),
        "BUSPROFIT_W92": (
            ("big companies earn too much profit", "the profits of companies are too high"),
            ("most companies earn a fair profit", "the profits of companies are reasonable"),
        ),
    },
)

POVERTY = Topic(
    name="poverty",
    phrases=(
        "poverty",
        "help for the poor",
        "welfare",
        "people in need",
        "the poor",
        "poor people",
        "poor families",
        "food stamps",
        "aid for the needy",
    ),
    asked=(
        "Should the government help the poor more?",
        "What should be done about poverty?",
        "What do you think about welfare?",
        "Why are some people poor?",
        "Do people in need get enough help?",
    ),
    questions=("POORASSIST_W92",),
    left=Pole(
        stances=(
            "people in need should get more help",
            "the government should do more against poverty",
            "nobody should go hungry in a rich country",
            "poor families need help they can count on",
            "a rich country can afford to help its poor",
        ),
        reasons=(
            "most poor people work hard and still fall behind",
            "bad luck can hit any family",
            "a hungry child cannot learn",
            "help today saves a lot of trouble later",
            "it is hard to find a job when you have no home",
            "we are only as strong as the weakest among us",
        ),
        examples=(
            "For example, a woman with two jobs in my town still stands in line for food.",
            "Think of a worker who gets sick and loses the home a few months later.",
        ),
    ),
    middle=Pole(
        stances=(
            "the help for the poor is about right as it is",
            "people should get help, but it should lead them back to work",
            "the government should help the poor and watch where the money goes",
            "charity and government both have a part to play",
            "help should go to those who really need it",
        ),
        reasons=(
            "some people cannot work and others only need a push",
            "too little help is cruel, and too much can be a trap",
            "taxpayers want to know that their money does some good",
            "neighbors often know best who needs help",
            "I have seen help used well and used badly",
            "a job is the best help in the long run",
        ),
        examples=(
            "For example, pay for a course and for the rent until the course is done.",
            "Take a mother with small children: she needs help now, and a job later.",
        ),
    ),
    right=Pole(
        stances=(
            "the government gives out too much help already",
            "people should stand on their own feet",
            "work is the best way out of poverty",
            "help for the poor should come from families and churches first",
            "welfare should be short and linked to work",
        ),
        reasons=(
            "a person who works for his money is proud of it",
            "working people pay for all of it with their taxes",
            "help without end takes away the wish to work",
            "churches and neighbors help with a human face",
            "there are jobs for people who want them",
            "good choices in life make a difference",
        ),
        examples=(
            "For example, my father took any job he could get, and we never asked for a check.",
            "Think of a worker who gets up at five and pays for someone who stays in bed.",
        ),
    ),
    statements={
        "POORASSIST_W92": (
            ("people in need should get more from the government", "aid for those in need should grow"),
            ("people in need should get less from the government", "aid for those in need should shrink"),
            ("people in need get about the right amount from the government", "aid for those in need is about right"),
        ),
    },
)

HEALTH_CARE = Topic(
    name="health care",
    phrases=(
        "health care",
        "health insurance",
        "the cost of health care",
        "doctors and hospitals",
        "hospital bills",
        "medical care",
        "insurance for everyone",
        "the health system",
        "drug prices",
    ),
    asked=(
        "Should the government pay for health care?",
        "What should be done about health care?",
        "Is health care a right?",
        "Should everyone have health insurance?",
        "Why is health care so expensive?",
    ),
    questions=("GOVTHC_W92", "GOVPRIORITYa_W54"),
    left=Pole(
        stances=(
            "the government should make sure that everyone has health care",
            "health care is a right and not a luxury",
            "health care must become affordable for all",
            "nobody should lose a home because of a hospital bill",
            "every person should have health insurance",
        ),
        reasons=(
            "anyone can get sick, rich or poor",
            "other countries cover everyone and pay less",
            "people wait too long to see a doctor because of the cost",
            "a job should not decide whether you can see a doctor",
            "sick people cannot shop around for a better price",
            "insurance companies earn money by saying no",
        ),
        examples=(
            "For example, a friend of mine cut his pills in half to make them last.",
            "Think of a family that sells the car to pay for one night in the hospital.",
        ),
    ),
    middle=Pole(
        stances=(
            "health care needs to be cheaper, and there is more than one way to do that",
            "the government should help with health care but not run all of it",
            "the poor and the old need help with their bills, and others can buy insurance",
            "we should mend the system we have step by step",
            "health care is important, but so is the freedom to choose",
        ),
        reasons=(
            "some things work well and others cost far too much",
            "I like to choose my own doctor",
            "neither the state nor the companies should have all the power",
            "clear prices would already help a lot",
            "big plans often promise more than they can do",
            "people with bad luck need a net under them",
        ),
        examples=(
            "For example, let people keep their plan and give those without one a way in.",
            "Take drug prices: a fair limit would help everyone at once.",
        ),
    ),
    right=Pole(
        stances=(
            "health care is not the job of the federal government",
            "people should choose and buy their own health insurance",
            "competition would make health care cheaper",
            "the government should stay out of the doctor's office",
            "families and doctors should decide and not officials",
        ),
        reasons=(
            "everything the government runs gets slow and expensive",
            "higher taxes would hit working families",
            "people in other countries wait for months",
            "a person takes better care when it is his own money",
            "one plan cannot fit everyone",
            "new treatments come from free companies",
        ),
        examples=(
            "For example, eye surgery got cheaper when clinics had to compete for patients.",
            "Think of standing in line at a public office. I do not want that at the hospital.",
        ),
    ),
    statements={
        "GOVTHC_W92": (
            ("the government has a duty to see that all have health coverage", "coverage for all is Washington's job"),
            ("the government has no duty to see that all have health coverage", "coverage is not Washington's job"),
        ),
        "GOVPRIORITYa_W54": (
            ("cheaper health care should be one of the first goals of government", "lower health costs come first"),
            ("cheaper health care is important but other things come first", "lower health costs can come second"),
            ("cheaper health care is not a very important goal", "lower health costs are no great concern"),
            ("cheaper health care is nothing for the government to work on", "health costs are not its business"),
        ),
    },
)

GOVERNMENT = Topic(
    name="government",
    phrases=(
        "government",
        "the size of government",
        "taxes and services",
        "what government should do",
        "taxes",
        "big government",
        "the federal government",
        "government spending",
        "the role of government",
        "public services",
    ),
    asked=(
        "Should the government be bigger or smaller?",
        "Does the government do too much?",
        "What do you think about the government?",
        "Is the government wasteful?",
        "Would you pay more taxes for more services?",
    ),
    questions=("GOVSIZE1_W92", "GOVT_ROLE_W32", "GOVWASTE_W92"),
    left=Pole(
        stances=(
            "the government should do more to solve our problems",
            "a bigger government with good services is worth its price",
            "the government does better work than people say",
            "some things can only be done by all of us together",
            "good public services are worth paying taxes for",
        ),
        reasons=(
            "roads, schools and clean water do not come by themselves",
            "the market does not care about people who cannot pay",
            "somebody has to stand up to big companies",
            "old people live better because of public programs",
            "problems like these are too big for one person",
            "most public workers do their best every day",
        ),
        examples=(
            "For example, nobody thinks about clean water until it is gone.",
            "Think of firefighters: they come to every house and ask for no money at the door.",
        ),
    ),
    middle=Pole(
        stances=(
            "the government should be good at a few things",
            "size matters less than whether the government works",
            "some tasks belong to the government and others do not",
            "we need government, but we should watch it closely",
            "the government wastes money in some places and does good work in others",
        ),
        reasons=(
            "I want good roads and low taxes, like most people",
            "private firms do some things better and the state does others",
            "a rule that helps one person can hurt another",
            "leaders on both sides make promises they cannot pay for",
            "I have met helpful officials and lazy ones",
            "it depends on the task",
        ),
        examples=(
            "For example, the state should build roads, but it does not have to run shops.",
            "Take the mail: it is slow at times, but it comes to every farm.",
        ),
    ),
    right=Pole(
        stances=(
            "the government should be smaller and do less",
            "the government does too many things that people can do better",
            "the government wastes a lot of money",
            "lower taxes are better than more programs",
            "people know best how to run their own lives",
        ),
        reasons=(
            "it is our money that is being spent",
            "every new office brings new rules",
            "free people solve problems faster than officials do",
            "a government that can give you everything can take everything",
            "nobody spends other people's money with care",
            "small business drowns in paper",
        ),
        examples=(
            "For example, a friend needed six permits to open one small shop.",
            "Think of a bridge that costs three times what they said and is years late.",
        ),
    ),
    statements={
        "GOVSIZE1_W92": (
            ("a smaller government with fewer services would be better", "less government and fewer services suit me"),
            ("a bigger government with more services would be better", "more government and more services suit me"),
        ),
        "GOVT_ROLE_W32": (
            ("government ought to do more about our problems", "government should take on more"),
            ("government does too much that is better left to business and people", "government should take on less"),
        ),
        "GOVWASTE_W92": (
            ("government nearly always wastes money", "government is nearly always slow and wasteful"),
            ("government often does better than it is said to", "government gets too little credit for its work"),
        ),
    },
)

TOPICS = (ECONOMY, POVERTY, HEALTH_CARE, GOVERNMENT)
