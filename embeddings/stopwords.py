"""Stop words and generic words in Dutch, French, German and English, all folded."""

from __future__ import annotations

_DUTCH = """
aan al alle als andere bij binnen bovendien daar dan dat de deze die dit door dus een en er gaan
geen graag haar hebben heeft hen het hier hij hoe hun iets ik in is je jij jullie kan komen kunnen
kunt maar me meer men met mijn moet moeten na naar nemen niet nog nu of om omdat onder ons onze ook
op over per reeds samen te tegen ten ter toch toe tot tussen uit uw van veel via vind vinden voor
waar wat we wel welke werd werken wie wij wil willen worden wordt wordt zal ze zeer zelf zich zij
zijn zo zoals zoek zoeken zoekt zonder zou zowel gezocht nodig
"""
_FRENCH = """
ainsi afin au aucun aussi autre autres aux avec avoir avons bien car ce cela ces cet cette ceux
chaque cherche cherchons chez comme comment dans de depuis des deux dont donc du elle elles en
encore ensemble entre es est et etc etre eux faire fait font ici il ils je la le les leur leurs lors
mais meme mes moins mon ne nos notre nous on ont ou par parmi pas peu peut plus plusieurs pour
pouvoir pres qu quand que quel quelle qui sa sans se ses si sont sous sur ta tel telle tous tout
toute toutes tres trouver tu un une vers via vos votre vous recherchons besoin
"""
_GERMAN = """
aber alle allem allen aller als also am an andere anderen auch auf aus bei beim bin bis da damit
dann das dass dem den der des die dies diese diesem diesen dieser doch du durch ein eine einem einen
einer eines er es etwas finden fur gegen gesucht hat haben hier ich ihr ihre ihren im in ist ja jede
jeder kann keine konnen man mehr mit muss nach nicht noch nur ob oder ohne sehr sein seine sich sie
sind so sowie suche suchen sucht uber um und uns unser unsere unserer unter vom von vor war was
weitere welche wenn werden wie wir wird wo wollen zu zum zur zusammen zwischen bedarf brauchen
"""
_ENGLISH = """
a about above after all also an and any are as at be because been being below between both but by
can could did do does doing down during each etc few find finding for from further had has have
having he her here hers him his how i if in into is it its itself just let like look looking may me
more most my need needs no nor not now of off on once only or other our ours out over own per
please same seek seeking she should so some such than that the their theirs them then there these
they this those through to too under until up upon us very via want was we were what when where
which while who whom why will with within without would you your yours together
"""
_GENERIC = """
activities activiteiten activites aktivitaten approach bedrijf bedrijven besoin besoins business
bedrijfje collaborate collaboration collaborations companies company cooperation entreprise
entreprises firm firma firmas firmen firms help hilfe hulp idea idee ideeen idees ideen ideas
initiatief initiatieve initiatives initiative initiatives nieuwe neue new nouveau nouvelle nouveaux
onderneming ondernemingen organisatie organisaties organisation organisations partenaire
partenaires partenariat partner partnern partners partnerschap partnership partnerships project
projecten projects projekt projekte projet projets samenwerken samenwerking societe societes
unternehmen werk work zusammenarbeit zusammenarbeiten hallo hello bonjour guten tag goede dag test
testing dank thanks merci
"""

STOP_WORDS: frozenset[str] = frozenset(" ".join((_DUTCH, _FRENCH, _GERMAN, _ENGLISH)).split())
"""Words without content, such as articles and pronouns; folded as `words.fold` does."""

GENERIC_WORDS: frozenset[str] = frozenset(_GENERIC.split())
"""Words that any text may have, such as `project`: a text of these alone has no subject."""
