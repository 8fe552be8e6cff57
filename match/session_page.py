"""The session report's page: a `string.Template`, styled for a phone first."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { --ink: #1d2430; --paper: #f3f5f8; --card: #fff; --soft: #66707f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf0; --paper: #14181f; --card: #1e242e; --soft: #98a2b3; }
  img { background: #fff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: .75rem; background: var(--paper);
  color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
section, header { background: var(--card); border-radius: 14px; padding: 1rem;
  margin-bottom: .75rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: .6rem 0 .3rem; }
img, video { display: block; width: 100%; border-radius: 8px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid #8883;
  white-space: nowrap; }
th:first-child, td:first-child, .name { text-align: left; }
td.cell { color: #10141a; }
.note { color: var(--soft); margin: 0 0 .6rem; font-size: .85rem; }
.failed { color: #d8442f; white-space: normal; }
.grid { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
.grid p { margin: .2rem 0 0; font-size: .85rem; color: var(--soft); }
small { color: var(--soft); }
</style>
</head>
<body>
<header><h1>$title</h1><p class="note">$subtitle</p></header>
<section><h2>Standings</h2>
<p class="note">Brackets: 95 % intervals. Win share: of decided matches (Wilson). Goal
difference: per match (bootstrap). Elo: all matches at once (Bradley-Terry), mean
1500.</p>
<div class="wide">$standings</div></section>
<section><h2>Pay-off</h2>
<p class="note">What the row's team got against the column's: mean of 1 for a win, 0.5
for a draw, 0 for a loss; below it the mean goal difference and the matches.</p>
<div class="wide">$payoff</div></section>
<section><h2>Where they played</h2>
<p class="note">While the ball was in play, every team turned so that it attacks to the
right; bright: often.</p>$maps</section>
$clips
<section><h2>Matches</h2><div class="wide">$matches</div></section>
<section><h2>Session</h2><div class="wide">$facts</div></section>
</body>
</html>
"""
