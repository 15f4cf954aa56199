#include "schedule/cron.h"

#include <charconv>

namespace sheaf::schedule {
namespace {

constexpr std::size_t kMostBytes = 255;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<int, 13> kLongestMonth = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

struct Macro {
  std::string_view name, stands_for;
};
constexpr std::array<Macro, 7> kMacros = {{{"@hourly", "0 * * * *"},
                                           {"@daily", "0 0 * * *"},
                                           {"@midnight", "0 0 * * *"},
                                           {"@weekly", "0 0 * * 0"},
                                           {"@monthly", "0 0 1 * *"},
                                           {"@yearly", "0 0 1 1 *"},
                                           {"@annually", "0 0 1 1 *"}}};

struct Field {
  std::string_view name;
  int least, most;
  const std::string_view* names;  // of `count` values from `least` on (weekdays: from 0)
  int count;
};
constexpr std::array<Field, 5> kFields = {{{"minute", 0, 59, nullptr, 0},
                                           {"hour", 0, 23, nullptr, 0},
                                           {"day of the month", 1, 31, nullptr, 0},
                                           {"month", 1, 12, kMonths.data(), 12},
                                           {"day of the week", 0, 7, kWeekdays.data(), 7}}};

tl::unexpected<Error> Bad(std::string detail) { return Fail(ErrorCode::kBadMember, std::move(detail), "cron"); }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool SameWord(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != word[i]) return false;
  }
  return true;
}

std::optional<int> Number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole =
      error == std::errc() && end == text.data() + text.size() && !text.empty() && text.front() != '-' && text.front() != '+';
  return whole ? std::optional(number) : std::nullopt;
}

Result<int> Value(const Field& field, std::string_view text) {
  for (int i = 0; i < field.count; ++i) {
    if (SameWord(text, field.names[i])) return i + field.least;
  }
  const auto number = Number(text);
  if (number && *number >= field.least && *number <= field.most) return *number;
  return Bad("\"" + std::string(text) + "\" is no " + std::string(field.name) + ": it goes from " + std::to_string(field.least) + " to " +
             std::to_string(field.most) + ".");
}

//! One element of a list: `*`, `a`, `a-b`, with or without `/n`.
Status ReadElement(const Field& field, std::string_view text, std::bitset<64>& set) {
  const std::size_t slash = text.find('/');
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto number = Number(text.substr(slash + 1));
    if (!number || *number < 1 || *number > field.most)
      return Bad("The step in \"" + std::string(text) + "\" is no number above 0 that fits.");
    step = *number;
  }
  const std::string_view range = text.substr(0, slash);
  int first = field.least, last = field.count == 7 ? 6 : field.most;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    SHEAF_ASSIGN(first, Value(field, range.substr(0, dash)));
    last = first;
    if (dash != std::string_view::npos) {
      SHEAF_ASSIGN(last, Value(field, range.substr(dash + 1)));
    } else if (slash != std::string_view::npos) last = field.count == 7 ? 6 : field.most;
    // "fri-sun" ends with the week's other Sunday.
    if (field.count == 7 && last == 0 && first > 0) last = 7;
    if (last < first) return Bad("The range \"" + std::string(range) + "\" ends before it begins.");
  }
  for (int value = first; value <= last; value += step) set.set(static_cast<std::size_t>(field.count == 7 ? value % 7 : value));
  return {};
}

Result<std::bitset<64>> ReadField(const Field& field, std::string_view text) {
  std::bitset<64> set;
  while (true) {
    const std::size_t comma = text.find(',');
    SHEAF_TRY(ReadElement(field, text.substr(0, comma), set));
    if (comma == std::string_view::npos) return set;
    text.remove_prefix(comma + 1);
  }
}

template <std::size_t kSize>
std::bitset<kSize> Narrow(const std::bitset<64>& wide) {
  return std::bitset<kSize>(wide.to_ullong());
}

//! Fields between spaces; nullopt when they are not five.
std::optional<std::array<std::string_view, 5>> Split(std::string_view text) {
  std::array<std::string_view, 5> fields;
  std::size_t count = 0;
  while (true) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return count == 5 ? std::optional(fields) : std::nullopt;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    if (count == 5) return std::nullopt;
    fields[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
}

std::string_view Meaning(std::string_view text) {
  for (const Macro& macro : kMacros) {
    if (SameWord(text, macro.name)) return macro.stands_for;
  }
  return text;
}

}  // namespace

Result<Cron> Cron::Parse(std::string_view given) {
  if (given.size() > kMostBytes) return Bad("It has more than 255 bytes.");
  const auto fields = Split(Meaning(given));
  if (!fields) {
    return Bad(
        "It has five fields: minute, hour, day of the month, month, day of the week; or is one of @hourly, @daily, @weekly, @monthly, "
        "@yearly.");
  }
  Cron cron;
  std::array<std::bitset<64>, 5> sets;
  for (std::size_t i = 0; i < fields->size(); ++i) { SHEAF_ASSIGN(sets[i], ReadField(kFields[i], (*fields)[i])); }
  cron.minutes_ = Narrow<60>(sets[0]);
  cron.hours_ = Narrow<24>(sets[1]);
  cron.days_ = Narrow<32>(sets[2]);
  cron.months_ = Narrow<13>(sets[3]);
  cron.weekdays_ = Narrow<7>(sets[4]);
  cron.any_day_ = (*fields)[2].front() == '*';
  cron.any_weekday_ = (*fields)[4].front() == '*';
  // Only days of the month can miss every month; a weekday beside them comes anyway.
  bool comes = !cron.any_weekday_ || cron.any_day_;
  for (int month = 1; month <= 12 && !comes; ++month) {
    for (int day = 1; day <= kLongestMonth[static_cast<std::size_t>(month)] && !comes; ++day)
      comes = cron.months_.test(static_cast<std::size_t>(month)) && cron.days_.test(static_cast<std::size_t>(day));
  }
  if (!comes) return Bad("There is no such day in any year.");
  return cron;
}

bool Cron::MatchesDay(int month, int day, int weekday) const {
  if (!months_.test(static_cast<std::size_t>(month))) return false;
  const bool by_day = days_.test(static_cast<std::size_t>(day));
  const bool by_weekday = weekdays_.test(static_cast<std::size_t>(weekday));
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

}  // namespace sheaf::schedule
