#include <boost/json.hpp>

#include "export/job_file.h"
#include "export/options_words.h"

namespace sheaf::exporting {

std::string ExportPrivacyJson(const ExportOptions& options, const std::vector<const Plan*>& plans) {
  namespace json = boost::json;
  if (options.privacy == privacy::Options{}) return {};
  json::object report{{"identifiers", NameOf(kIdentifierWords, options.privacy.identifiers)}};
  if (options.privacy.identifiers == privacy::IdentifierMode::kRemove) {
    privacy::MaskCounts all;
    for (const Plan* plan : plans) {
      const auto counts = plan->rewriter ? plan->rewriter->Counts() : privacy::MaskCounts{};
      all.emails += counts.emails;
      all.ip_addresses += counts.ip_addresses;
      all.ids += counts.ids;
    }
    report["masked"] = json::object{{"emails", all.emails}, {"ip_addresses", all.ip_addresses}, {"ids", all.ids}};
  }
  json::array risks;
  for (const Plan* plan : plans) {
    if (plan->risk.table == nullptr) continue;
    const auto risk = plan->risk.table->Report(plan->risk.least_allowed);
    risks.push_back(json::parse(privacy::RiskJson(plan->dataset->id, risk, plan->risk.columns, plan->risk.suppress)));
  }
  if (!risks.empty()) report["risk"] = std::move(risks);
  return json::serialize(report);
}

}  // namespace sheaf::exporting
