#include "cli/ddm_files.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <sstream>

#include "api/json_body.h"
#include "api/json_text.h"
#include "ingest/unzip.h"

namespace sheaf::cli {
namespace {

constexpr std::size_t kMostJson = std::size_t{1} << 30;
constexpr std::size_t kPersonColumns = 6;

using Row = std::vector<std::string>;

//! RFC 4180, and the rows of the overview as DDM up to 2.1 writes them: a dictionary in quotes whose own quotes are not doubled ends with `}"`.
class CsvRows {
 public:
  explicit CsvRows(std::string_view text) : text_(text) {
    if (text_.rfind("\xEF\xBB\xBF", 0) == 0) at_ = 3;
  }
  bool Done() const { return at_ >= text_.size(); }
  std::uint64_t Line() const { return line_; }

  Result<Row> Next() {
    Row row;
    while (true) {
      SHEAF_ASSIGN(std::string cell, Cell());
      row.push_back(std::move(cell));
      if (Done()) break;
      const char c = text_[at_++];
      if (c == ',') continue;
      if (c == '\r' && !Done() && text_[at_] == '\n') ++at_;
      ++line_;
      break;
    }
    return row;
  }

 private:
  bool EndsAfter(std::size_t at) const {
    return at + 1 >= text_.size() || text_[at + 1] == ',' || text_[at + 1] == '\n' || text_[at + 1] == '\r';
  }

  Result<std::string> Cell() {
    if (Done() || text_[at_] != '"') {
      const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      std::string cell(text_.substr(at_, end - at_));
      at_ = end;
      return cell;
    }
    const std::size_t begin = ++at_;
    const bool dictionary = text_.substr(begin, 1) == "{";
    std::string cell;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' && text_.substr(at_ + 1, 1) == "\"") {
        cell += '"';
        at_ += 2;
        continue;
      }
      if (c == '"' && EndsAfter(at_) && (!dictionary || (!cell.empty() && cell.back() == '}'))) {
        ++at_;
        return cell;
      }
      if (c == '\n') ++line_;
      cell += c;
      ++at_;
    }
    return Fail(ErrorCode::kBadCsv, fmt::format("line {}: a quote is not closed", line_));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
};

//! A repr being read.
class Repr {
 public:
  explicit Repr(std::string_view text) : text_(text) {}
  bool Value(std::string& out) {
    Skip();
    if (at_ >= text_.size()) return false;
    const char c = text_[at_];
    if (c == '{' || c == '[') return Group(c, out);
    if (c == '\'' || c == '"') return Text(out);
    for (const auto& [word, json] : {std::pair{"None", "null"}, {"True", "true"}, {"False", "false"}}) {
      if (text_.substr(at_).rfind(word, 0) != 0) continue;
      at_ += std::string_view(word).size();
      out += json;
      return true;
    }
    const std::size_t end = std::min(text_.find_first_not_of("0123456789+-.eE", at_), text_.size());
    double number = 0;
    const auto [stop, error] = std::from_chars(text_.data() + at_, text_.data() + end, number);
    if (error != std::errc{} || stop != text_.data() + end) return false;
    out += text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }
  bool Done() {
    Skip();
    return at_ == text_.size();
  }

 private:
  void Skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Group(char open, std::string& out) {
    const char close = open == '{' ? '}' : ']';
    if (++depth_ > 50) return false;
    out += open;
    ++at_;
    for (bool first = true;; first = false) {
      Skip();
      if (at_ < text_.size() && text_[at_] == close) break;
      if (!first) {
        if (at_ >= text_.size() || text_[at_++] != ',') return false;
        out += ',';
      }
      if (open == '{') {
        Skip();
        if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"') || !Text(out)) return false;
        Skip();
        if (at_ >= text_.size() || text_[at_++] != ':') return false;
        out += ':';
      }
      if (!Value(out)) return false;
    }
    ++at_;
    --depth_;
    out += close;
    return true;
  }
  bool Text(std::string& out) {
    const char quote = text_[at_++];
    std::string text;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\') {
        if (at_ >= text_.size()) return false;
        c = text_[at_++];
        if (c == 'x') {
          unsigned code = 0;
          if (at_ + 2 > text_.size()) return false;
          std::from_chars(text_.data() + at_, text_.data() + at_ + 2, code, 16);
          at_ += 2;
          c = static_cast<char>(code);
        } else {
          c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
      }
      text += c;
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    api::AppendJsonString(out, text);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

std::string OrEmpty(const std::string& cell) { return cell == "None" ? std::string() : cell; }

Result<Micros> TimeOf(const std::string& text) {
  const auto parsed = ParseIsoTime(text);
  if (!parsed) return Fail(ErrorCode::kBadTime, fmt::format("\"{}\" is no time", text));
  return parsed->instant;
}

//! The id in "blueprint_12_name" or "bp-12_name"; 0 for another column.
std::int64_t BlueprintOf(std::string_view column) {
  std::string_view rest = column;
  if (rest.rfind("blueprint_", 0) == 0) rest.remove_prefix(10);
  else if (rest.rfind("bp-", 0) == 0) rest.remove_prefix(3);
  else return 0;
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), id);
  if (error != std::errc{} || std::string_view(end, static_cast<std::size_t>(rest.data() + rest.size() - end)) != "_name") return 0;
  return id;
}

Status ReadOverview(CsvRows& rows, const Row& header, DdmContent& content) {
  const std::size_t extra = header[5] == "url_parameter" ? 6 : 5;
  std::vector<std::pair<std::size_t, std::int64_t>> blueprints;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::int64_t id = BlueprintOf(header[i]);
    if (id > 0) blueprints.emplace_back(i, id);
    if (id > 0) content.blueprints.try_emplace(id);
  }
  while (!rows.Done()) {
    const std::uint64_t line = rows.Line();
    SHEAF_ASSIGN(const Row row, rows.Next());
    if (row.size() == 1 && row[0].empty()) continue;
    if (row.size() < header.size())
      return Fail(ErrorCode::kBadCsv, fmt::format("line {} has {} cells instead of {}", line, row.size(), header.size()));
    DdmPerson person{row[0], OrEmpty(row[1]), OrEmpty(row[2]), OrEmpty(row[3]), row[4] == "True", {}};
    for (const std::string* time : {&person.start_time, &person.end_time}) {
      if (!time->empty()) SHEAF_TRY(TimeOf(*time));
    }
    const auto json = JsonOfRepr(row[extra]);
    if (!json) return Fail(ErrorCode::kBadCsv, fmt::format("line {}: extra_data cannot be read", line));
    person.extra_data = *json;
    for (const auto& [column, id] : blueprints) {
      if (row[column + 1] == "None") continue;
      DdmDonation donation{
          row[0],          id, row[column], 0, row[column + 2] == "True" ? "true" : row[column + 2] == "False" ? "false" : "null",
          row[column + 3], {}};
      SHEAF_ASSIGN(donation.time, TimeOf(row[column + 1]));
      content.blueprints[id] = row[column];
      content.donations.push_back(std::move(donation));
    }
    content.people.push_back(std::move(person));
  }
  return {};
}

Status ReadAnswers(CsvRows& rows, const Row& header, DdmContent& content) {
  content.variables.insert(content.variables.end(), header.begin() + 2, header.end());
  while (!rows.Done()) {
    const std::uint64_t line = rows.Line();
    SHEAF_ASSIGN(const Row row, rows.Next());
    if (row.size() == 1 && row[0].empty()) continue;
    if (row.size() != header.size())
      return Fail(ErrorCode::kBadCsv, fmt::format("line {} has {} cells instead of {}", line, row.size(), header.size()));
    DdmAnswers answers{row[0], 0, {}};
    SHEAF_ASSIGN(answers.time, TimeOf(row[1]));
    for (std::size_t i = 2; i < row.size(); ++i) {
      if (!row[i].empty()) answers.values.emplace_back(header[i], row[i]);
    }
    content.answers.push_back(std::move(answers));
  }
  return {};
}

Status ReadCsv(std::string_view text, DdmContent& content) {
  CsvRows rows(text);
  SHEAF_ASSIGN(const Row header, rows.Next());
  if (header.size() > kPersonColumns && header[0] == "participant_id" && header[1] == "start_time")
    return ReadOverview(rows, header, content);
  if (header.size() >= 2 && header[0] == "participant" && header[1] == "time_submitted") return ReadAnswers(rows, header, content);
  return Fail(ErrorCode::kBadCsv, "this is neither an overview nor responses of DDM");
}

Status ReadDonations(std::string_view text, DdmContent& content) {
  // Wrapped, so that the one reader of objects takes the list member by member and numbers stay as they are.
  auto outer = api::JsonBody::Parse("{\"list\":" + std::string(text) + "}", kMostJson);
  if (!outer) return Fail(outer.error());
  SHEAF_ASSIGN(auto list, outer->Objects("list"));
  for (api::JsonBody& one : *list) {
    auto donation = api::JsonBody::Parse(one.Raw("donation").value_or(""), kMostJson);
    if (!donation) return Fail(ErrorCode::kBadJson, "an entry has no donation");
    DdmDonation read;
    const std::string id = one.Raw("blueprint_id").value_or("null");
    std::from_chars(id.data(), id.data() + id.size(), read.blueprint);
    if (read.blueprint < 1) return Fail(ErrorCode::kBadMember, "a donation's blueprint is not there any more");
    SHEAF_ASSIGN(auto name, one.Text("blueprint_name", 10'000));
    SHEAF_ASSIGN(auto participant, donation->Text("participant", 255));
    SHEAF_ASSIGN(auto time, donation->Text("time_submitted", 64));
    SHEAF_ASSIGN(auto status, donation->Text("status", 1000));
    SHEAF_ASSIGN(read.time, TimeOf(time.value_or("")));
    read.blueprint_name = std::move(name).value_or("");
    read.participant = std::move(participant).value_or("");
    read.status = std::move(status).value_or("");
    read.consent = donation->Raw("consent").value_or("null");
    read.data = donation->Raw("data").value_or("[]");
    content.blueprints[read.blueprint] = read.blueprint_name;
    content.donations.push_back(std::move(read));
  }
  return {};
}

Status ReadOne(const std::string& bytes, DdmContent& content) {
  if (bytes.rfind("PK", 0) != 0) return ReadCsv(bytes, content);
  std::vector<std::string> members;
  SHEAF_TRY(ingest::Unzip(bytes, {}, [&](const std::string& name, std::string member) -> Status {
    if (name.size() > 5 && name.compare(name.size() - 5, 5, ".json") == 0) members.push_back(std::move(member));
    return {};
  }));
  if (members.empty()) return Fail(ErrorCode::kBadMember, "the ZIP holds no donations");
  for (const std::string& member : members) SHEAF_TRY(ReadDonations(member, content));
  return {};
}

}  // namespace

std::optional<std::string> JsonOfRepr(std::string_view text) {
  Repr repr(text);
  std::string json;
  if (text.empty() || text.front() != '{' || !repr.Value(json) || !repr.Done()) return std::nullopt;
  return json;
}

Status ReadDdmFile(const std::string& path, DdmContent& content) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (!file || !(bytes << file.rdbuf())) return Fail(ErrorCode::kUsage, path + " cannot be read");
  const Status read = ReadOne(bytes.str(), content);
  if (!read) return Fail(read.error().code, path + ": " + read.error().detail);
  return {};
}

}  // namespace sheaf::cli
