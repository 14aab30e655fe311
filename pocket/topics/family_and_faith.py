"""Gender identity, same-sex marriage, abortion, religion and the family."""

from pocket.topics.topic import Pole, Topic

GENDER_IDENTITY = Topic(
    name="gender identity",
    phrases=(
        "gender identity",
        "transgender people",
        "gender",
        "the debate about transgender people",
        "transgender rights",
        "trans people",
        "accepting transgender people",
    ),
    asked=(
        "What do you think about transgender people?",
        "Has society gone too far in accepting transgender people?",
        "Should we do more for transgender people?",
        "How should schools deal with gender?",
        "Should a person be free to live as another gender?",
    ),
    questions=("TRANSGEND3_W29",),
    left=Pole(
        stances=(
            "transgender people deserve more acceptance than they get",
            "society has not gone far enough in accepting transgender people",
            "people should be free to live as who they are",
            "transgender people need the same rights and safety as everyone",
            "we should listen to transgender people themselves",
        ),
        reasons=(
            "it takes nothing away from anybody else",
            "many of them are bullied at school and at work",
            "nobody chooses such a hard path for fun",
            "a kind word can save a young life",
            "the law should protect people who are few in number",
            "each person knows best who they are",
        ),
        examples=(
            "For example, a young man at my work changed his name, and after a week it was simply his name.",
            "Think of a teenager who is afraid to tell the family. A little kindness means a lot.",
        ),
    ),
    middle=Pole(
        stances=(
            "we have found about the right balance on gender",
            "transgender people should be treated kindly, and some questions remain open",
            "adults may live as they like, but I would be careful with children",
            "respect should go both ways in this debate",
            "the matter is harder than either side says",
        ),
        reasons=(
            "everyone deserves respect, and everyone may ask questions",
            "sports and schools need rules that are fair to all",
            "most people just want to live in peace",
            "it is new to many of us, and we need time",
            "shouting does not help anyone here",
            "doctors and families know more than politicians do",
        ),
        examples=(
            "For example, I will use the name a person asks me to use, but sports are another matter to me.",
            "Take schools: be kind to every child, and talk with the parents too.",
        ),
    ),
    right=Pole(
        stances=(
            "society has gone too far on gender",
            "there are men and women, and that should be clear",
            "the changes around gender have come too fast",
            "children should not be pushed into questions about gender",
            "parents should decide what their children learn about gender",
        ),
        reasons=(
            "the body we are born with is a fact of life",
            "girls deserve fair sports and rooms of their own",
            "children often change their minds as they grow",
            "people should not be forced to say what they do not believe",
            "my faith and plain sense tell me so",
            "we can be kind to people without changing every rule",
        ),
        examples=(
            "For example, a girl who trains for years should not lose her race to someone born a boy.",
            "Think of a parent who learns from a teacher what is going on with the child. That is the wrong order.",
        ),
    ),
    statements={
        "TRANSGEND3_W29": (
            ("we have gone too far in accepting transgender people", "acceptance of transgender people goes too far"),
            (
                "we have not gone far enough in accepting transgender people",
                "acceptance of transgender people does not go far enough",
            ),
            (
                "we have been about right in accepting transgender people",
                "acceptance of transgender people is about right",
            ),
        ),
    },
)

SAME_SEX_MARRIAGE = Topic(
    name="same-sex marriage",
    phrases=(
        "same-sex marriage",
        "gay marriage",
        "marriage for gay couples",
        "gay couples",
        "gay rights",
        "gay and lesbian couples",
        "gay people who marry",
    ),
    asked=(
        "Is it good that gay couples can marry?",
        "What do you think about same-sex marriage?",
        "Should two men or two women be able to marry?",
        "Was it right to make gay marriage legal?",
        "How do you feel about gay couples getting married?",
    ),
    questions=("GAYMARR2_W32",),
    left=Pole(
        stances=(
            "it is good that gay couples can marry",
            "two people who love each other should be able to marry",
            "same-sex marriage should stay legal everywhere",
            "gay couples deserve the same rights as other couples",
            "same-sex marriage was a step forward",
        ),
        reasons=(
            "love is what makes a marriage",
            "their marriage does no harm to mine or yours",
            "children in such families do well when they are loved",
            "the law should treat all couples the same",
            "people should not have to hide whom they love",
            "a partner should be able to visit the hospital without a fight",
        ),
        examples=(
            "For example, two women in my street have been together for twenty years and raise two kind boys.",
            "Think of a man who could not sit by his partner's bed because the law called them strangers.",
        ),
    ),
    middle=Pole(
        stances=(
            "same-sex marriage is settled, and we should leave it there",
            "gay couples should have their rights, and churches should have theirs",
            "I would not fight for it or against it",
            "people may marry as they like, as long as nobody is forced to take part",
            "I have mixed feelings about same-sex marriage",
        ),
        reasons=(
            "the state and the church can see marriage in different ways",
            "I was raised with another idea, but I know good gay couples",
            "it does not touch my own life much",
            "a little patience on both sides would help",
            "the law should be fair, and faith should be free",
            "people I love see it in different ways",
        ),
        examples=(
            "For example, the town hall can marry any couple, and a church can keep its own rules.",
            "Take my family: some are for it and some against it, and we still eat together.",
        ),
    ),
    right=Pole(
        stances=(
            "marriage is between one man and one woman",
            "making same-sex marriage legal was a mistake",
            "the old meaning of marriage should be kept",
            "gay couples can live together without calling it marriage",
            "the courts should not have changed what marriage means",
        ),
        reasons=(
            "a child does best with a mother and a father",
            "my faith teaches me what marriage is",
            "marriage has meant the same thing for thousands of years",
            "the people should have decided and not a few judges",
            "churches may be forced to act against their beliefs",
            "a society needs some things that do not change",
        ),
        examples=(
            "For example, a baker should not have to choose between his faith and his shop.",
            "Think of the vows my grandparents took. For me that is what the word marriage means.",
        ),
    ),
    statements={
        "GAYMARR2_W32": (
            ("legal same-sex marriage is a very good thing", "gay marriage is very good for society"),
            ("legal same-sex marriage is a fairly good thing", "gay marriage is rather good for society"),
            ("legal same-sex marriage is a fairly bad thing", "gay marriage is rather bad for society"),
            ("legal same-sex marriage is a very bad thing", "gay marriage is very bad for society"),
        ),
    },
)

ABORTION = Topic(
    name="abortion",
    phrases=(
        "abortion",
        "abortion laws",
        "the right to an abortion",
        "abortion rights",
        "legal abortion",
        "pregnancy and abortion",
        "a woman's right to choose",
    ),
    asked=(
        "What do you think about abortion?",
        "Should abortion be legal?",
        "Are you for or against abortion?",
        "Who should decide about an abortion?",
        "Should there be limits on abortion?",
    ),
    questions=("ABORTION_W32",),
    left=Pole(
        stances=(
            "abortion should be legal in most cases",
            "a woman should decide about her own body",
            "the government should stay out of a woman's choice about abortion",
            "abortion should be safe and legal",
            "the decision belongs to the woman and her doctor",
        ),
        reasons=(
            "nobody else has to live with the result as she does",
            "women got hurt when abortion was against the law",
            "every pregnancy is different, and a law cannot know them all",
            "rich women always find a way, and poor women do not",
            "no woman makes this choice lightly",
            "a child should be wanted and cared for",
        ),
        examples=(
            "For example, a woman who learns that the pregnancy puts her life in danger must be free to act.",
            "Think of a girl of sixteen who is alone and afraid. A law should not make it worse.",
        ),
    ),
    middle=Pole(
        stances=(
            "abortion should be allowed early on, with limits later",
            "there are good points on both sides of abortion",
            "abortion should be legal in some cases and not in others",
            "we should find a fair middle on abortion",
            "I would not choose it, but I would not decide for everyone",
        ),
        reasons=(
            "the woman and the unborn child both matter",
            "an early pregnancy is not the same as a late one",
            "hard cases need mercy and not only rules",
            "people of good will do not agree on this",
            "better help for mothers would do more than any law",
            "I have known women who had to make that choice",
        ),
        examples=(
            "For example, I would allow it in the first months and after that only for grave reasons.",
            "Take a case of rape: I could never tell that woman what she has to do.",
        ),
    ),
    right=Pole(
        stances=(
            "abortion should be illegal in most cases",
            "an unborn child has a right to live",
            "the law should protect life before birth",
            "abortion ends a human life",
            "we should help mothers to keep their babies",
        ),
        reasons=(
            "every life is a gift",
            "the child cannot speak for itself",
            "there are many families who would love to adopt a baby",
            "my faith tells me that life begins before birth",
            "a heart beats long before a child is born",
            "a society shows its heart in how it treats the weak",
        ),
        examples=(
            "For example, a woman in our church was helped by the others, and today she has a happy little girl.",
            "Think of the couples who wait for years to adopt a child.",
        ),
    ),
    statements={
        "ABORTION_W32": (
            ("abortion should be allowed in all or nearly all cases", "the law should allow most abortions"),
            ("abortion should be against the law in all or nearly all cases", "the law should forbid most abortions"),
        ),
    },
)

RELIGION = Topic(
    name="religion",
    phrases=(
        "religion",
        "faith in public life",
        "church and state",
        "the role of religion",
        "religion in politics",
        "churches",
        "faith",
        "religion and government",
    ),
    asked=(
        "Should religion play a part in politics?",
        "Is it good or bad that fewer people are religious?",
        "What do you think about religion in public life?",
        "Should church and state be separate?",
        "Does the country need more faith?",
    ),
    questions=("RELIG_GOV_W92", "SOCIETY_RELG_W92"),
    left=Pole(
        stances=(
            "religion should be kept out of government",
            "church and state have to stay apart",
            "it is no loss for the country if fewer people are religious",
            "faith is a private matter",
            "laws should be made for people of every faith and of none",
        ),
        reasons=(
            "nobody should live under the rules of another person's faith",
            "people can be good with or without religion",
            "mixing faith and power has done harm to both",
            "this country has many faiths and many people without one",
            "freedom means that the state does not take sides",
            "a law should rest on reasons that all can share",
        ),
        examples=(
            "For example, a public school should not tell a child how to pray.",
            "Think of a judge: he must look at the law and not at his own church.",
        ),
    ),
    middle=Pole(
        stances=(
            "religion is good for many people, but the state should not push it",
            "faith has a place in life, and the law has another",
            "it is neither good nor bad that fewer people belong to a church",
            "people should live their faith freely and leave others free",
            "churches do good work and should stay out of elections",
        ),
        reasons=(
            "faith gives comfort, but it cannot be forced",
            "good people are found inside and outside of churches",
            "a church loses something when it becomes a party",
            "everyone should be free to believe or not",
            "the times change, and so do the ways people look for meaning",
            "our laws should be fair to all",
        ),
        examples=(
            "For example, our church feeds poor families, and it needs no law for that.",
            "Take my own family: some pray and some do not, and we respect each other.",
        ),
    ),
    right=Pole(
        stances=(
            "the country needs more faith",
            "it is bad for society that fewer people are religious",
            "our laws should respect religious values",
            "faith has made this country what it is",
            "religion should have a place in public life",
        ),
        reasons=(
            "faith teaches people right from wrong",
            "churches hold families and towns together",
            "a people without faith loses its way",
            "prayer has carried many of us through hard times",
            "believers do a great deal for the poor",
            "freedom of religion does not mean hiding your religion",
        ),
        examples=(
            "For example, when a family here loses a home, the church is there before anyone else.",
            "Think of the young people who feel lost today. Faith could give them something to hold on to.",
        ),
    ),
    statements={
        "SOCIETY_RELG_W92": (
            ("it is very good for society that fewer people are religious", "less organized religion helps us a lot"),
            ("it is fairly good for society that fewer people are religious", "less organized religion helps us a bit"),
            (
                "it is neither good nor bad that fewer people are religious",
                "less organized religion makes no difference",
            ),
            ("it is fairly bad for society that fewer people are religious", "less organized religion hurts us a bit"),
            ("it is very bad for society that fewer people are religious", "less organized religion hurts us a lot"),
        ),
        "RELIG_GOV_W92": (
            ("religion and government policy should be kept apart", "religion should stay out of what government does"),
            ("government policy should support religious values", "government should stand behind religious beliefs"),
        ),
    },
)

FAMILY = Topic(
    name="family",
    phrases=(
        "family",
        "marriage and children",
        "family life",
        "raising children",
        "marriage and family",
        "families",
        "marriage",
        "having children",
        "parents and children",
        "mothers who work",
    ),
    asked=(
        "Is it important to marry and have children?",
        "What do you think about family life today?",
        "Should mothers of young children work?",
        "Do people marry too late these days?",
        "What makes a good family?",
    ),
    questions=("MARRFAM2_W32",),
    left=Pole(
        stances=(
            "a good life does not need marriage and children",
            "society does just as well when people choose other paths",
            "there are many kinds of good families",
            "nobody should feel pushed to marry",
            "people should be free to shape their own lives",
        ),
        reasons=(
            "a person can give a lot to others without having children",
            "a bad marriage is worse than none",
            "two parents, one parent or grandparents can all raise a happy child",
            "children cost a lot, and not everyone can afford them",
            "not everyone finds the right person",
            "love counts more than the form of a family",
        ),
        examples=(
            "For example, my aunt never married, and half the town learned to read from her.",
            "Think of a single father who does it all alone. That is a real family.",
        ),
    ),
    middle=Pole(
        stances=(
            "family matters a lot, but people should choose for themselves",
            "marriage is a good thing for those who want it",
            "we should make family life easier without telling people how to live",
            "a family can take different forms and still need commitment",
            "work and family both have their place",
        ),
        reasons=(
            "my family means a lot to me, but it is not the only way to live",
            "young people have a hard time paying for a home",
            "children need time and love, from whoever raises them",
            "some people are happy alone",
            "every couple has to find its own way",
            "what worked for my parents may not work for everyone",
        ),
        examples=(
            "For example, my sister works half days, and that suits her and the children.",
            "Take my friends: some are married and some are not, and all are good people.",
        ),
    ),
    right=Pole(
        stances=(
            "marriage and children should come first",
            "strong families make a strong country",
            "society is better off when people marry and raise children",
            "the family is the heart of everything",
            "young people should think about marriage sooner",
        ),
        reasons=(
            "children need a mother and a father who stay together",
            "nothing teaches a person to care for others like having a family",
            "a country without children has no future",
            "family is there when everything else fails",
            "many of our problems start in broken homes",
            "a career will not hold your hand when you are old",
        ),
        examples=(
            "For example, my grandparents had little money and a full table, and they were happy.",
            "Think of an old person with children and grandchildren around. That is real wealth.",
        ),
    ),
    statements={
        "MARRFAM2_W32": (
            ("we do better when people put marriage and children first", "society gains when marriage comes first"),
            (
                "we do just as well when people put other things before marriage and children",
                "society loses nothing when other goals come first",
            ),
        ),
        "FAMSURV11W_W50": (
            ("mothers of young children do best with a full-time job", "full-time work is best for young mothers"),
            ("mothers of young children do best with a part-time job", "part-time work is best for young mothers"),
            ("mothers of young children do best without a paid job", "staying home is best for young mothers"),
        ),
    },
)

TOPICS = (GENDER_IDENTITY, SAME_SEX_MARRIAGE, ABORTION, RELIGION, FAMILY)
