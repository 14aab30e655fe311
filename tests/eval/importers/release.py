"""A small release in the layout of OpinionQA, with answers that are easy to count by hand."""

from pathlib import Path

INFO = """\
,key,question,references,option_ordinal
0,BUS_W26,Should buses be free?,"['Yes, always', 'No', 'Depends', 'Refused']","[1.0, 2.0, 1.5]"
1,TRAM_W26,Should trams be free?,"['Yes', 'No', 'Not sure', 'Refused']","[1.0, 2.0]"
2,GONE_W26,Was this asked?,"['Yes', 'No', 'Refused']","[1.0, 2.0]"
"""
RESPONSES = """\
QKEY,BUS_W26,TRAM_W26,SEX,POLPARTY,RACE,WEIGHT_W26
1,"Yes, always",No,Male,Democrat,White,1
2,"Yes, always",Not sure,Female,Democrat,Black,2
3,No,,Female,Democrat,White,3
4,Refused,Yes,Female,Republican,White,1
5,No,Refused,Male,Republican,Mixed Race,
6,,Yes,Male,Refused,Asian,4
"""


def write_release(folder: Path) -> Path:
    """Write the release; return the folder to import from."""
    wave = folder / "human_resp" / "American_Trends_Panel_W26"
    wave.mkdir(parents=True)
    (wave / "info.csv").write_text(INFO)
    (wave / "responses.csv").write_text(RESPONSES)
    (wave / "metadata.csv").write_text(",key,options\n0,SEX,\"['Male', 'Female']\"\n")
    (folder / "human_resp" / "American_Trends_Panel_W27").mkdir()
    return folder
