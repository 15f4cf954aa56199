// The audit's entries.

#include "catalog/audit_store.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "catalog/rows.h"
#include "catalog/sql_audit_store.h"

namespace sheaf::catalog {
namespace {

// An entry without rows has this in its place: the column compares and hashes like any number.
constexpr long long kNoRows = -1;

const std::string kSelect =
    "SELECT a.seq, a.time, a.actor_kind, a.actor, a.api_key, a.action, a.study, a.dataset, a.target, a.outcome, a.rows, a.times, "
    "a.address, a.request, a.detail_hash, a.hash, coalesce(d.salt, ''), coalesce(d.participant, ''), coalesce(d.reason, ''), "
    "coalesce(d.detail, ''), coalesce(d.address, '') FROM audit a LEFT JOIN audit_detail d ON d.seq = a.seq ";

struct EntryRow {
  using Value = AuditEntry;
  AuditEntry entry;
  long long seq = 0, time = 0, rows = kNoRows, times = 0;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(seq));
    statement.exchange(soci::into(time));
    for (std::string* text :
         {&entry.actor_kind, &entry.actor, &entry.key, &entry.action, &entry.study, &entry.dataset, &entry.target, &entry.outcome}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(rows));
    statement.exchange(soci::into(times));
    for (std::string* text : {&entry.address, &entry.request, &entry.detail_hash, &entry.hash, &entry.detail.salt,
                              &entry.detail.participant, &entry.detail.reason, &entry.detail.text, &entry.detail.address}) {
      statement.exchange(soci::into(*text));
    }
  }
  Result<AuditEntry> Take() {
    entry.seq = seq;
    entry.time = time;
    entry.rows = rows == kNoRows ? std::nullopt : std::optional<std::int64_t>(rows);
    entry.times = times;
    entry.has_detail = !entry.detail_hash.empty();
    return entry;
  }
};

AuditHead ReadHead(soci::session& sql) {
  AuditHead head;
  long long seq = 0;
  sql << "SELECT coalesce(max(seq), 0), coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), '') FROM audit", soci::into(seq),
      soci::into(head.hash);
  head.seq = seq;
  return head;
}

//! The two inserts, prepared once for a group.
class Inserter {
 public:
  explicit Inserter(soci::session& sql)
      : entry_((sql.prepare << "INSERT INTO audit (seq, time, actor_kind, actor, api_key, action, study, dataset, target, outcome, rows, "
                               "times, address, request, detail_hash, hash) VALUES (:seq, :time, :kind, :actor, :key, :action, :study, "
                               ":dataset, :target, :outcome, :rows, :times, :address, :request, :detail_hash, :hash)",
                soci::use(seq_), soci::use(time_), soci::use(now_.actor_kind), soci::use(now_.actor), soci::use(now_.key),
                soci::use(now_.action), soci::use(now_.study), soci::use(now_.dataset), soci::use(now_.target), soci::use(now_.outcome),
                soci::use(rows_), soci::use(times_), soci::use(now_.address), soci::use(now_.request), soci::use(now_.detail_hash),
                soci::use(now_.hash))),
        detail_((sql.prepare << "INSERT INTO audit_detail (seq, salt, participant, reason, detail, address) VALUES (:seq, :salt, "
                                ":participant, :reason, :detail, :address)",
                 soci::use(seq_), soci::use(now_.detail.salt), soci::use(now_.detail.participant), soci::use(now_.detail.reason),
                 soci::use(now_.detail.text), soci::use(now_.detail.address))) {}

  void Insert(const AuditEntry& entry) {
    now_ = entry;
    seq_ = entry.seq;
    time_ = entry.time;
    rows_ = entry.rows.value_or(kNoRows);
    times_ = entry.times;
    entry_.execute(true);
    if (entry.has_detail) detail_.execute(true);
  }

 private:
  AuditEntry now_;
  long long seq_ = 0, time_ = 0, rows_ = kNoRows, times_ = 0;
  soci::statement entry_;
  soci::statement detail_;
};

Result<AuditHead> AppendAll(soci::session& sql, std::vector<AuditEntry>& entries, const AuditStore::Chain& chain) {
  AuditHead head = ReadHead(sql);
  Inserter inserter(sql);
  for (AuditEntry& entry : entries) {
    entry.seq = head.seq + 1;
    entry.has_detail = !entry.detail.Empty();
    SHEAF_TRY(chain(entry, head.hash));
    inserter.Insert(entry);
    head = {entry.seq, entry.hash};
  }
  return head;
}

struct SeqRow {
  using Value = std::int64_t;
  long long seq = 0;
  void Into(soci::statement& statement) { statement.exchange(soci::into(seq)); }
  Result<std::int64_t> Take() { return seq; }
};

//! The parameters of a filter. Every condition is always there, so that one list of parameters fits every filter; the text of
//! one that counts is such that an index serves it.
struct Conditions {
  explicit Conditions(const AuditFilter& wanted) : filter(wanted) {
    const bool prefix = !filter.action.empty() && filter.action.back() == '.';
    // The next prefix in order: a range that an index serves.
    action_end = filter.action;
    if (prefix) action_end.back() = '/';
    else action_end += '\0';
    since = filter.since.value_or(std::numeric_limits<long long>::min());
    until = filter.until.value_or(std::numeric_limits<long long>::max());
  }
  std::string Text() const {
    std::string text = filter.study.empty() ? "(:s1 = '' OR a.study = :s2)" : "a.study = :s1 AND a.study = :s2";
    text += filter.actor.empty() ? " AND (:a1 = '' OR a.actor = :a2)" : " AND a.actor = :a1 AND a.actor = :a2";
    text += filter.action.empty() ? " AND (:c1 = '' OR (a.action >= :c2 AND a.action < :c3))"
                                  : " AND a.action >= :c1 AND a.action >= :c2 AND a.action < :c3";
    text += filter.participant.empty() ? " AND (:p1 = '' OR d.participant = :p2)" : " AND d.participant = :p1 AND d.participant = :p2";
    return text + " AND a.time >= :since AND a.time < :until ";
  }

  const AuditFilter& filter;
  std::string action_end;
  long long since = 0, until = 0;
};

//! Every spelling in which a word may stand in a detail: as it is, and as JSON writes it.
std::vector<std::string> Spellings(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  for (const std::string& word : words) {
    if (word.empty()) continue;
    std::string escaped;
    for (const char c : word) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    all.push_back(word);
    if (escaped == word) continue;
    // A filter is JSON inside a JSON string.
    std::string twice;
    for (const char c : escaped) {
      if (c == '"' || c == '\\') twice += '\\';
      twice += c;
    }
    all.push_back(std::move(escaped));
    all.push_back(std::move(twice));
  }
  return all;
}

const std::string kFilterMember = "\"filter\"";

//! The details of these entries go, and an entry says so.
Result<std::uint64_t> TakeOut(soci::session& sql, std::vector<std::int64_t> seqs, const AuditStore::Announce& announce,
                              const AuditStore::Chain& chain) {
  std::sort(seqs.begin(), seqs.end());
  seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  if (seqs.empty()) return std::uint64_t{0};
  for (const std::int64_t seq : seqs) {
    const long long number = seq;
    Change<soci::statement>(sql, "DELETE FROM audit_detail WHERE seq = :seq", soci::use(number, "seq"));
  }
  std::vector<AuditEntry> said = {announce(seqs)};
  SHEAF_TRY(AppendAll(sql, said, chain));
  return seqs.size();
}

}  // namespace

Result<AuditHead> SqlAuditStore::Append(std::vector<AuditEntry>& entries, const Chain& chain) {
  return store_.Write([&](soci::session& sql) { return AppendAll(sql, entries, chain); });
}

Result<AuditHead> SqlAuditStore::Head() {
  return store_.Read([](soci::session& sql) -> Result<AuditHead> { return ReadHead(sql); });
}

Result<AuditEntry> SqlAuditStore::Entry(std::int64_t seq) {
  const long long number = seq;
  return store_.Read([&](soci::session& sql) -> Result<AuditEntry> {
    SHEAF_ASSIGN(auto found, (SelectOne<EntryRow, soci::statement>(sql, kSelect + "WHERE a.seq = :seq", soci::use(number, "seq"))));
    if (!found) return Fail(ErrorCode::kNotFound, "There is no such entry.");
    return *std::move(found);
  });
}

Result<std::vector<AuditEntry>> SqlAuditStore::Entries(const AuditFilter& filter, Order order, std::int64_t after, std::uint64_t limit) {
  const Conditions wanted(filter);
  const bool newest = order == Order::kNewestFirst;
  const long long edge = after != 0 || !newest ? after : std::numeric_limits<long long>::max();
  const auto most = static_cast<long long>(std::min<std::uint64_t>(limit, 1'000'000));
  const std::string text = kSelect + "WHERE " + wanted.Text() +
                           (newest ? "AND a.seq < :after ORDER BY a.seq DESC" : "AND a.seq > :after ORDER BY a.seq") + " LIMIT :most";
  return store_.Read([&](soci::session& sql) {
    return SelectAll<EntryRow, soci::statement>(
        sql, text, soci::use(filter.study, "s1"), soci::use(filter.study, "s2"), soci::use(filter.actor, "a1"),
        soci::use(filter.actor, "a2"), soci::use(filter.action, "c1"), soci::use(filter.action, "c2"), soci::use(wanted.action_end, "c3"),
        soci::use(filter.participant, "p1"), soci::use(filter.participant, "p2"), soci::use(wanted.since, "since"),
        soci::use(wanted.until, "until"), soci::use(edge, "after"), soci::use(most, "most"));
  });
}

Result<std::uint64_t> SqlAuditStore::Redact(std::string_view study, const std::vector<std::string>& words, const Announce& announce,
                                            const Chain& chain) {
  const std::string study_text(study);
  auto redacted = store_.Write([&](soci::session& sql) -> Result<std::uint64_t> {
    std::vector<std::int64_t> seqs;
    for (const std::string& word : Spellings(words)) {
      SHEAF_ASSIGN(const auto found,
                   (SelectAll<SeqRow, soci::statement>(sql,
                                                       "SELECT d.seq FROM audit_detail d JOIN audit a ON a.seq = d.seq WHERE (a.study = "
                                                       ":study OR a.study = '') AND (d.participant = :whole "
                                                       "OR instr(d.detail, :in_detail) > 0 OR instr(d.reason, :in_reason) > 0)",
                                                       soci::use(study_text, "study"), soci::use(word, "whole"),
                                                       soci::use(word, "in_detail"), soci::use(word, "in_reason"))));
      seqs.insert(seqs.end(), found.begin(), found.end());
    }
    return TakeOut(sql, std::move(seqs), announce, chain);
  });
  if (redacted && *redacted > 0) SHEAF_TRY(store_.WipeDeleted());
  return redacted;
}

Result<std::uint64_t> SqlAuditStore::RedactData(std::string_view study, std::string_view dataset, const Announce& announce,
                                                const Chain& chain) {
  const std::string study_text(study), dataset_text(dataset);
  auto redacted = store_.Write([&](soci::session& sql) -> Result<std::uint64_t> {
    SHEAF_ASSIGN(auto seqs,
                 (SelectAll<SeqRow, soci::statement>(
                     sql,
                     "SELECT d.seq FROM audit_detail d JOIN audit a ON a.seq = d.seq WHERE a.study = :study AND a.action NOT LIKE "
                     "'retention.%' AND a.action NOT LIKE 'definition.%' AND a.action NOT LIKE 'grant.%' AND a.action NOT LIKE 'study.%' "
                     "AND (:none = '' OR a.dataset = :dataset OR (a.dataset = '' AND instr(d.detail, :filter) > 0))",
                     soci::use(study_text, "study"), soci::use(dataset_text, "none"), soci::use(dataset_text, "dataset"),
                     soci::use(kFilterMember, "filter"))));
    return TakeOut(sql, std::move(seqs), announce, chain);
  });
  if (redacted && *redacted > 0) SHEAF_TRY(store_.WipeDeleted());
  return redacted;
}

}  // namespace sheaf::catalog
