#include "quality/report_json.h"

#include <algorithm>
#include <boost/json.hpp>

#include "model/strict_json.h"

namespace sheaf::quality {
namespace {

namespace json = boost::json;

json::value Time(const std::optional<Micros>& instant) {
  if (!instant) return nullptr;
  return json::value(FormatIsoUtc(*instant));
}

json::value Object(const std::optional<Completeness>& completeness) {
  if (!completeness) return nullptr;
  const double fraction = static_cast<double>(completeness->received) / static_cast<double>(completeness->expected);
  return json::object{{"basis", Name(completeness->basis)},
                      {"received", completeness->received},
                      {"expected", completeness->expected},
                      {"fraction", std::min(fraction, 1.0)}};
}

json::object Object(const std::array<std::uint64_t, kSeverities>& counts) {
  json::object object;
  for (const auto severity : {Severity::kError, Severity::kWarning, Severity::kInfo}) {
    object[Name(severity)] = counts[static_cast<std::size_t>(severity)];
  }
  return object;
}

json::array Samples(const std::vector<vault::Seq>& seqs, const RecordIds* ids) {
  json::array samples;
  for (const auto seq : seqs) {
    json::object sample{{"seq", seq}};
    if (ids != nullptr) {
      const auto found = ids->find(seq);
      sample["id"] = found == ids->end() ? json::value(nullptr) : json::value(found->second);
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

json::object Object(const Tally& tally, const model::Dataset& dataset, const RecordIds* ids) {
  const CheckEntry& entry = Describe(tally.check);
  const bool has_field = tally.field >= 0 && static_cast<std::size_t>(tally.field) < dataset.fields.size();
  return {{"check", entry.name},
          {"severity", Name(entry.severity)},
          {"field", has_field ? json::value(dataset.fields[static_cast<std::size_t>(tally.field)].id) : json::value(nullptr)},
          {"count", tally.count},
          {"says", entry.says},
          {"samples", Samples(tally.samples, ids)}};
}

json::object Object(const Notice& finding, const RecordIds* ids) {
  const CheckEntry& entry = Describe(finding.check);
  json::object object{{"check", entry.name},  {"severity", Name(entry.severity)},        {"field", nullptr}, {"count", finding.count},
                      {"says", finding.says}, {"samples", Samples(finding.samples, ids)}};
  if (!finding.reason.empty()) object["reason"] = finding.reason;
  return object;
}

json::array Findings(const DatasetReport& report, const RecordIds* ids) {
  json::array findings;
  for (const auto& tally : report.tallies) findings.push_back(Object(tally, *report.dataset, ids));
  for (const auto& finding : report.others) findings.push_back(Object(finding, ids));
  return findings;
}

}  // namespace

Result<RecordIds> SampleIds(vault::StudyVault& study, const DatasetReport& report) {
  vault::Select select;
  select.dataset = report.dataset->id;
  select.upto = study.LastSeq();
  select.columns = {{model::ColumnKind::kSeq, -1, {}}, {model::ColumnKind::kRecordId, -1, {}}};
  model::Predicate chosen;
  chosen.op = model::Operator::kIn;
  chosen.column.kind = model::ColumnKind::kSeq;
  const auto choose = [&](const std::vector<vault::Seq>& seqs) { chosen.values.insert(chosen.values.end(), seqs.begin(), seqs.end()); };
  for (const auto& tally : report.tallies) choose(tally.samples);
  for (const auto& finding : report.others) choose(finding.samples);
  RecordIds ids;
  if (chosen.values.empty()) return ids;
  select.where = std::move(chosen);
  SHEAF_ASSIGN(const auto cursor, study.Read(select));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) return ids;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      if (batch->columns[1].IsNull(row)) continue;
      ids[batch->columns[0].At<std::int64_t>(row)] = batch->columns[1].At<model::StringCell>(row).View();
    }
  }
}

std::string DatasetReportJson(const DatasetReport& report, const RecordIds* ids) {
  return model::CompactJson(json::object{{"dataset", report.dataset->id},
                                         {"kind", model::Name(report.dataset->kind)},
                                         {"records", report.records},
                                         {"participants", report.participants},
                                         {"sessions", report.sessions},
                                         {"first_time", Time(report.first)},
                                         {"last_time", Time(report.last)},
                                         {"completeness", Object(report.completeness)},
                                         {"interval_ms", report.interval_ms ? json::value(*report.interval_ms) : json::value(nullptr)},
                                         {"interval_inferred", report.interval_inferred},
                                         {"counts", Object(CountBySeverity(report))},
                                         {"findings", Findings(report, ids)},
                                         {"seq", report.upto},
                                         {"complete", report.complete}});
}

std::string CountsJson(const std::array<std::uint64_t, kSeverities>& counts) { return model::CompactJson(Object(counts)); }

std::string CompletenessJson(const std::optional<Completeness>& completeness) { return model::CompactJson(Object(completeness)); }

std::string SummaryJson(const StudyReport& report, Micros checked_at) {
  json::array datasets;
  std::array<std::uint64_t, kSeverities> total{};
  bool complete = true;
  for (const auto& dataset : report.datasets) {
    const auto counts = CountBySeverity(dataset);
    for (std::size_t i = 0; i < kSeverities; ++i) total[i] += counts[i];
    complete = complete && dataset.complete;
    json::array checks = Findings(dataset, nullptr);
    for (json::value& finding : checks) {
      finding.get_object().erase("samples");
      finding.get_object().erase("says");
    }
    datasets.push_back(json::object{{"dataset", dataset.dataset->id},
                                    {"records", dataset.records},
                                    {"completeness", Object(dataset.completeness)},
                                    {"counts", Object(counts)},
                                    {"findings", std::move(checks)}});
  }
  return model::CompactJson(json::object{
      {"checked_at", FormatIsoUtc(checked_at)}, {"complete", complete}, {"counts", Object(total)}, {"datasets", std::move(datasets)}});
}

}  // namespace sheaf::quality
