"""Guns, crime, the military and foreign policy."""

from pocket.topics.topic import Pole, Topic

GUNS = Topic(
    name="guns",
    phrases=(
        "guns",
        "gun control",
        "gun laws",
        "gun violence",
        "gun ownership",
        "firearms",
        "rifles and handguns",
        "shootings",
    ),
    asked=(
        "What should be done about guns?",
        "Should it be harder to buy a gun?",
        "Do we need stricter gun laws?",
        "Are there too many guns in this country?",
        "Should people be allowed to own guns?",
        "How would you deal with gun violence?",
    ),
    questions=("SOCIETY_GUNS_W92", "GUNCONTRIBA_W26"),
    left=Pole(
        stances=(
            "gun laws should be stricter",
            "it should be much harder to buy a gun",
            "there are far too many guns in this country",
            "every gun buyer should pass a background check",
            "we need stronger limits on guns to keep people safe",
            "more guns make a country more dangerous",
        ),
        reasons=(
            "a gun turns a quarrel into a tragedy",
            "other countries with fewer guns lose far fewer people to shootings",
            "children should not have to practice hiding at school",
            "it is too easy for an angry person to get a gun",
            "a short wait and a background check cost an honest buyer very little",
            "too many families have lost someone to a gun",
            "guns at home often hurt the people who live there",
        ),
        examples=(
            "For example, a waiting period gives an angry person time to calm down.",
            "Think of a school where the children know by heart where to hide. No child should need that.",
        ),
    ),
    middle=Pole(
        stances=(
            "people may own guns, but a few sensible rules are needed",
            "we can respect gun owners and still check who buys a gun",
            "both sides have a point about guns",
            "some gun laws help and others only bother honest people",
            "the right answer on guns lies somewhere in the middle",
        ),
        reasons=(
            "most gun owners are careful people, and a few are not",
            "a hunter in the country and a family in the city live with very different risks",
            "rules that nobody enforces do not help anyone",
            "safety and freedom both matter here",
            "I know careful gun owners and I also know people who are afraid of guns",
            "a background check is a small price, but a ban goes too far",
        ),
        examples=(
            "For example, I am fine with background checks, but I would not take a hunting rifle from anyone.",
            "Take a safe at home: it keeps the gun away from children and the owner still has it.",
        ),
    ),
    right=Pole(
        stances=(
            "honest people have a right to own guns",
            "gun laws are strict enough already",
            "we should enforce the gun laws we have instead of writing new ones",
            "gun owners should be left alone as long as they obey the law",
            "owning a gun is a basic freedom in this country",
            "guns in the hands of good people make us safer",
        ),
        reasons=(
            "criminals do not obey gun laws anyway",
            "people must be able to protect their homes and families",
            "the right to bear arms is in the Constitution",
            "in many places help is far away when something happens",
            "the trouble comes from violent people and not from the guns they hold",
            "hunting and shooting are a proud tradition in many families",
            "new rules mostly burden people who have done nothing wrong",
        ),
        examples=(
            "For example, a woman who lives alone far from town may need a gun to feel safe.",
            "Think of a farm where the police need half an hour to arrive. You have to look after yourself there.",
        ),
    ),
    statements={
        "SOCIETY_GUNS_W92": (
            ("more guns are very good for our society", "we are much better off when more people own guns"),
            ("more guns are fairly good for our society", "it helps a little when more people own guns"),
            ("more guns are neither good nor bad for our society", "the number of guns makes no real difference"),
            ("more guns are fairly bad for our society", "it hurts us somewhat when there are more guns around"),
            ("more guns are very bad for our society", "we are much worse off when there are more guns around"),
        ),
        "GUNCONTRIBA_W26": (
            (
                "easy access to guns is a very large cause of gun violence",
                "guns are so easy to get that many people die",
            ),
            ("easy access to guns is a fair part of the problem", "easy gun sales do add to the violence"),
            ("easy access to guns plays only a small part in the violence", "gun sales are not the main problem"),
            ("easy access to guns has nothing to do with the violence", "legal gun sales do not cause violence"),
        ),
    },
)

CRIME = Topic(
    name="crime",
    phrases=(
        "crime",
        "prisons",
        "prison sentences",
        "crime and punishment",
        "crime and prisons",
        "criminals",
        "law and order",
        "the justice system",
        "punishment",
    ),
    asked=(
        "What should be done about crime?",
        "Are prison sentences too long?",
        "Should criminals be locked up for longer?",
        "Do you feel safe where you live?",
        "Are we too soft on crime?",
        "How should we treat people who break the law?",
    ),
    questions=("CRIM_SENT2_W92",),
    left=Pole(
        stances=(
            "prison sentences are too long in this country",
            "we lock up too many people for too long",
            "people who did wrong deserve a real second chance",
            "we should prevent crime instead of only punishing it",
            "prison should prepare people for life outside",
        ),
        reasons=(
            "long sentences break up families and do not make us safer",
            "a person who learns a trade in prison is less likely to come back",
            "poor people get harder sentences than rich people for the same thing",
            "prisons cost a lot of money that schools could use",
            "most people who go to prison come home one day",
            "people can change when someone gives them a chance",
        ),
        examples=(
            "For example, a young man who sold a few drugs should not lose ten years of his life.",
            "Think of a father who comes home after years and cannot find work. That helps nobody.",
        ),
    ),
    middle=Pole(
        stances=(
            "prison sentences are about right on the whole",
            "violent people belong in prison, but small crimes need other answers",
            "we should be fair to victims and also give people a second chance",
            "how hard the punishment should be depends on the crime",
            "the courts mostly find a fair balance",
        ),
        reasons=(
            "a violent attack and a small theft are not the same thing",
            "victims need justice, and young people need a way back",
            "judges know the case and I do not",
            "both very soft and very hard courts make mistakes",
            "punishment and help have to go together",
            "no single rule fits every crime",
        ),
        examples=(
            "For example, I would be strict with a violent man and easy on a teenager who stole a bike.",
            "Take a first small offense: hours of community work teach more than a cell.",
        ),
    ),
    right=Pole(
        stances=(
            "criminals get off too easily in this country",
            "people who commit crimes should serve more time in prison",
            "we need to be tougher on crime",
            "the law should protect victims before it protects criminals",
            "the police need our full support",
        ),
        reasons=(
            "a person in prison cannot hurt anyone outside",
            "victims have to live with what was done to them",
            "a light sentence tells others that crime pays",
            "honest people should be able to walk home at night",
            "too many criminals are out again after a short time and do it again",
            "actions must have consequences",
        ),
        examples=(
            "For example, a man who robs a store twice should not be back on the street in a year.",
            "Think of an old woman who is robbed on her way home. She deserves to see justice done.",
        ),
    ),
    statements={
        "CRIM_SENT2_W92": (
            ("people found guilty of crimes spend too much time in prison", "prison terms are too long"),
            ("people found guilty of crimes spend too little time in prison", "prison terms are too short"),
            ("people found guilty of crimes spend about the right time in prison", "prison terms are about right"),
        ),
        "WORLDDANGER_W26": (
            ("the world is safer than it was fifty years ago", "life today is safer than in the past"),
            (
                "the world is more dangerous than it was fifty years ago",
                "life today is more dangerous than in the past",
            ),
            (
                "the world is about as safe as it was fifty years ago",
                "life today is neither safer nor more dangerous than in the past",
            ),
        ),
    },
)

MILITARY = Topic(
    name="the military",
    phrases=(
        "the military",
        "the armed forces",
        "military spending",
        "the army",
        "our soldiers",
        "the size of the military",
        "defense spending",
        "the troops",
    ),
    asked=(
        "Should the military be bigger?",
        "Do we spend too much on the military?",
        "What do you think of the armed forces?",
        "Do you trust the military?",
        "Does this country need a larger army?",
    ),
    questions=("USMILSIZ_W92", "CONFc_W42"),
    left=Pole(
        stances=(
            "the military is larger than it needs to be",
            "we spend too much money on weapons",
            "some of the military budget should go to people at home",
            "the military should be made smaller with care",
            "a country can be safe without such a huge army",
        ),
        reasons=(
            "we already spend far more than any other country",
            "that money could build schools and hospitals",
            "a big army makes it too easy to start a war",
            "most dangers today cannot be solved with tanks",
            "soldiers pay the price when leaders make mistakes",
            "the military wastes a lot of money that nobody counts",
        ),
        examples=(
            "For example, the price of one new ship could repair a lot of old schools.",
            "Think of the long wars that brought little peace and cost so many lives.",
        ),
    ),
    middle=Pole(
        stances=(
            "the military is about the right size",
            "the military should stay strong but spend its money with more care",
            "our soldiers deserve respect, and the budget deserves a close look",
            "the armed forces do a good job and do not need to grow",
            "we should keep the military as it is for now",
        ),
        reasons=(
            "we need to be ready, but we have other needs too",
            "a strong army and a careful budget can go together",
            "the world is not safe, but it is not all danger either",
            "big changes in either direction bring risks",
            "soldiers need good care when they come home",
            "I trust the soldiers more than the people who plan the wars",
        ),
        examples=(
            "For example, I would spend less on new planes and more on care for old soldiers.",
            "Take a base in a small town: close it and the town suffers, so I would go slowly.",
        ),
    ),
    right=Pole(
        stances=(
            "the military should be bigger and stronger",
            "a strong military keeps this country safe",
            "we should give our soldiers everything they need",
            "the armed forces deserve our full trust",
            "the military must never fall behind other countries",
        ),
        reasons=(
            "our enemies respect strength",
            "soldiers risk their lives for the rest of us",
            "peace is kept by those who are ready to defend it",
            "other countries are building up their armies right now",
            "the military is one of the few parts of government that works well",
            "freedom has to be defended",
        ),
        examples=(
            "For example, a country that everyone knows to be strong is seldom attacked.",
            "Think of the young men and women who serve far from home. They need the best tools we have.",
        ),
    ),
    statements={
        "USMILSIZ_W92": (
            ("the military should be made much smaller", "we should cut the armed forces a great deal"),
            ("the military should be made somewhat smaller", "we should cut the armed forces a little"),
            ("the military should stay about as large as it is", "the size of the armed forces is fine"),
            ("the military should be made somewhat larger", "the armed forces should grow a little"),
            ("the military should be made much larger", "the armed forces should grow a great deal"),
        ),
        "CONFc_W42": (
            ("the military can be fully trusted to act for the public", "the armed forces deserve great trust"),
            (
                "the military can mostly be trusted to act for the public",
                "the armed forces deserve a fair bit of trust",
            ),
            ("the military cannot be trusted very much", "the armed forces deserve only a little trust"),
            ("the military cannot be trusted at all", "the armed forces deserve no trust"),
        ),
    },
)

FOREIGN_POLICY = Topic(
    name="foreign policy",
    phrases=(
        "foreign policy",
        "peace in the world",
        "America's place in the world",
        "our role in the world",
        "diplomacy",
        "other countries",
        "war and peace",
        "relations with other countries",
        "world peace",
    ),
    asked=(
        "What is the best way to keep peace?",
        "Is America the greatest country in the world?",
        "How should we deal with other countries?",
        "What should our foreign policy be?",
        "Should we talk more with other nations?",
    ),
    questions=("PEACESTR_W92", "USEXCEPT_W92"),
    left=Pole(
        stances=(
            "talking with other countries is the best way to keep peace",
            "good diplomacy does more for peace than weapons",
            "America can learn a lot from other countries",
            "we should listen before we threaten",
            "peace is made at the table and not on the battlefield",
        ),
        reasons=(
            "wars cost lives and seldom settle anything",
            "the big problems of the world need many countries at once",
            "a threat makes the other side stubborn",
            "other countries do some things better than we do",
            "a friend won by talking is worth more than an enemy beaten",
            "people everywhere want peace for their children",
        ),
        examples=(
            "For example, careful talks have ended conflicts that years of fighting could not end.",
            "Think of two neighbors: when they talk, they seldom need a fence.",
        ),
    ),
    middle=Pole(
        stances=(
            "we need both diplomacy and strength",
            "America is one of the great countries, together with some others",
            "talking should come first, with strength behind it",
            "we should be proud of our country and still listen to others",
            "how we deal with a country should depend on that country",
        ),
        reasons=(
            "words without strength are empty, and strength without words is dangerous",
            "some countries answer to talks and others only to pressure",
            "we have good friends in the world and should keep them",
            "no country gets everything right",
            "we cannot solve every problem in the world, but we cannot hide from them either",
            "history has examples for both sides",
        ),
        examples=(
            "For example, I would always send a diplomat first and keep the army ready.",
            "Take trade: a fair deal helps us and the other side too.",
        ),
    ),
    right=Pole(
        stances=(
            "strength is the best way to keep peace",
            "America stands above all other countries",
            "we should deal with other countries from a position of strength",
            "other countries must know that we can defend ourselves",
            "America should lead and not follow",
        ),
        reasons=(
            "nobody attacks a country that is clearly stronger",
            "weak words only invite trouble",
            "no other country has given so much freedom to so many people",
            "bad rulers understand strength and nothing else",
            "we have to look after our own people first",
            "many people in the world still look to us for help",
        ),
        examples=(
            "For example, our strength kept great enemies quiet for many years.",
            "Think of how many people still want to come here. That says a lot about this country.",
        ),
    ),
    statements={
        "PEACESTR_W92": (
            ("military strength is the best way to keep peace", "peace comes from a strong army"),
            ("good diplomacy is the best way to keep peace", "peace comes from talking with others"),
        ),
        "USEXCEPT_W92": (
            ("America stands above every other country", "no country is as great as America"),
            ("America is one of the greatest countries, along with some others", "America is great, and so are others"),
            ("some other countries are better than America", "a few countries do better than America"),
        ),
    },
)

TOPICS = (GUNS, CRIME, MILITARY, FOREIGN_POLICY)
