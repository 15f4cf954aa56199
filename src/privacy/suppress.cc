#include "privacy/suppress.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace sheaf::privacy {
namespace {

using vault::AggregateCell;
using Line = std::vector<std::size_t>;  // places of cells

//! True when more were hidden.
bool Complete(const Line& line, const std::vector<AggregateCell>& cells, std::uint64_t minimum, std::vector<Suppression>& hidden) {
  std::uint64_t people = 0;
  std::size_t count = 0;
  Line open;
  for (const std::size_t place : line) {
    if (!hidden[place].cell) {
      open.push_back(place);
      continue;
    }
    ++count;
    people += cells[place].answered_by;
  }
  if (count == 0) return false;
  // Empty cells last: that nobody is in one hides nothing of the others.
  std::stable_sort(open.begin(), open.end(), [&](std::size_t left, std::size_t right) {
    const auto key = [&](std::size_t place) { return std::pair(cells[place].answered_by == 0, cells[place].answered_by); };
    return key(left) < key(right);
  });
  bool changed = false;
  for (const std::size_t place : open) {
    if (count >= 2 && people >= minimum) break;
    hidden[place].cell = true;
    people += cells[place].answered_by;
    ++count;
    changed = true;
  }
  return changed;
}

//! The cell's name without one of its parts: cells of one line have the same.
std::string LineName(const AggregateCell& cell, std::size_t without) {
  std::string name = std::to_string(cell.field) + "/";
  const bool of_options = without == cell.groups.size();
  name += of_options ? (cell.option < 0 ? "all" : "options") : std::to_string(cell.option);
  for (std::size_t group = 0; group < cell.groups.size(); ++group) {
    name += '\n';
    if (group != without) name += cell.groups[group] ? "=" + *cell.groups[group] : "null";
  }
  return name;
}

std::vector<Line> Lines(const std::vector<AggregateCell>& cells) {
  std::map<std::pair<std::size_t, std::string>, Line> lines;
  for (std::size_t place = 0; place < cells.size(); ++place) {
    for (std::size_t without = 0; without <= cells[place].groups.size(); ++without) {
      const bool no_line = without == cells[place].groups.size() && cells[place].option < 0;
      if (!no_line) lines[{without, LineName(cells[place], without)}].push_back(place);
    }
  }
  std::vector<Line> all;
  for (auto& [name, line] : lines) all.push_back(std::move(line));
  return all;
}

std::string SummaryName(const AggregateCell& cell) {
  AggregateCell summary = cell;
  summary.option = -1;
  return LineName(summary, cell.groups.size() + 1);
}

//! Options of a hidden summary are hidden with it.
bool HideOptions(const std::vector<AggregateCell>& cells, std::vector<Suppression>& hidden) {
  std::map<std::string, bool> summaries;
  for (std::size_t place = 0; place < cells.size(); ++place) {
    if (cells[place].option < 0) summaries[SummaryName(cells[place])] = hidden[place].cell;
  }
  bool changed = false;
  for (std::size_t place = 0; place < cells.size(); ++place) {
    if (cells[place].option < 0 || hidden[place].cell || !summaries[SummaryName(cells[place])]) continue;
    hidden[place].cell = changed = true;
  }
  return changed;
}

}  // namespace

std::vector<Suppression> Suppress(const std::vector<AggregateCell>& cells, std::uint64_t minimum) {
  std::vector<Suppression> hidden(cells.size());
  for (std::size_t place = 0; place < cells.size(); ++place) {
    hidden[place].cell = cells[place].answered_by > 0 && cells[place].answered_by < minimum;
    // The two together are the records without an answer: one alone could be computed from the other.
    const auto is_small = [minimum](std::uint64_t people) { return people > 0 && people < minimum; };
    hidden[place].missing = is_small(cells[place].skipped_by) || is_small(cells[place].absent_by);
  }
  const auto lines = Lines(cells);
  for (bool changed = true; changed;) {
    changed = HideOptions(cells, hidden);
    for (const auto& line : lines) changed = Complete(line, cells, minimum, hidden) || changed;
  }
  return hidden;
}

}  // namespace sheaf::privacy
