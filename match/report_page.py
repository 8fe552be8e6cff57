"""The report's page: a `string.Template`, styled for a phone first."""

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
body { margin: 0 auto; max-width: 46rem; padding: .75rem; background: var(--paper);
  color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
section, header { background: var(--card); border-radius: 14px; padding: 1rem;
  margin-bottom: .75rem; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
img, video { display: block; width: 100%; border-radius: 8px; }
.score { display: flex; align-items: center; justify-content: center; gap: 1rem;
  font-size: clamp(1rem, 4.5vw, 1.5rem); }
.score b { font-size: clamp(2.4rem, 13vw, 4rem); line-height: 1;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.team { flex: 1; overflow-wrap: anywhere; }
.team:first-child { text-align: right; }
.team i { display: inline-block; width: .8em; height: .8em; border-radius: 50%;
  margin-right: .4em; }
.sub { text-align: center; color: var(--soft); margin: .4rem 0 0; }
.bar { display: flex; gap: 3px; border-radius: 8px; overflow: hidden;
  margin-bottom: .9rem; color: #fff; font-weight: 600; text-shadow: 0 0 3px #0009; }
.bar span { padding: .35rem .6rem; min-width: 3.4rem; }
.bar span:last-child { text-align: right; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .5rem .3rem 0;
  border-bottom: 1px solid #8883; overflow-wrap: anywhere; }
th { font-weight: 600; }
.turned tr > * + * { text-align: right; }
.turned th:first-child { font-weight: 400; color: var(--soft); }
ol { list-style: none; margin: 0; padding: 0; }
li { display: flex; gap: .8rem; padding: .3rem 0 .3rem .6rem;
  border-left: 4px solid #8884; }
li time { color: var(--soft); min-width: 3.6rem; font-variant-numeric: tabular-nums; }
li.goal { border-color: #2fbf71; } li.card { border-color: #f5c518; }
li.stop { border-color: #ff9330; }
small, .note { color: var(--soft); }
.note { margin: 0 0 .6rem; font-size: .85rem; }
</style>
</head>
<body>
<header>$headline</header>
$video
<section><h2>Possession</h2>$possession$team_table</section>
<section><h2>Ways of ball and robots</h2>
<img alt="Paths on the pitch" src="$pitch"></section>
<section><h2>Speed</h2>
<p class="note">Time since the robots were switched on.</p>
<img alt="Speed over time" src="$speed"></section>
<section><h2>Events</h2>
<p class="note">Time since the robots were switched on, as in the record; the match
clock starts with the first kick-off.</p>$events</section>
<section><h2>Falls</h2>$falls</section>
$facts
</body>
</html>
"""
