// details/download: the participation overview as CSV, sent as it is written.

#include <functional>
#include <unordered_map>

#include "api/ddm/route.h"
#include "api/ddm/texts.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::size_t kRowsAtOnce = 10;

//! What the rows are made of: people, and of each blueprint the first donation of everybody.
struct Details {
  std::vector<Person> people;
  std::vector<model::Blueprint> blueprints;
  std::vector<std::unordered_map<std::int32_t, DonationRecord>> first;  // by blueprint, by participant's number
  std::string download;                                                 // the address up to a participant's id
  bool next = false;                                                    // columns of the line after 2.1

  std::string Header() const {
    std::string header = "participant_id,start_time,end_time,current_step,completed,";
    if (next) header += "url_parameter,";
    header += "extra_data,";
    for (const model::Blueprint& blueprint : blueprints) {
      const std::string name = (next ? "bp-" : "blueprint_") + std::to_string(blueprint.id) + "_";
      header += name + "name," + name + "time_submitted," + name + "consent,";
      header += next ? name + "extraction_state," + name + "n_data_entries," : name + "status,";
    }
    return header + "donation_download_link\n";
  }

  void AppendRow(const Person& person, std::string& out) const {
    const auto time = [](const std::optional<Micros>& instant) { return Quoted(instant ? UtcTime(*instant) : "None"); };
    out += Quoted(person.id) + "," + time(person.start_time) + "," + time(person.end_time) + ",";
    out += Quoted(person.current_step ? std::to_string(*person.current_step) : "None") + ",";
    out += person.completed ? "\"True\"," : "\"False\",";
    if (next) out += Quoted(PythonRepr(UrlParameters(person.extra_data))) + ",";
    out += Quoted(PythonRepr(person.extra_data)) + ",";
    bool any = false;
    for (std::size_t i = 0; i < blueprints.size(); ++i) {
      const auto found = first[i].find(person.number);
      if (found == first[i].end()) {
        out += next ? "None,None,None,None,None," : "None,None,None,None,";
        continue;
      }
      any = true;
      const DonationRecord& donation = found->second;
      out += Quoted(blueprints[i].name) + "," + time(donation.time) + ",";
      out += !donation.consent ? "\"None\"," : *donation.consent ? "\"True\"," : "\"False\",";
      out += Quoted(donation.status) + ",";
      if (next) out += Quoted(donation.entries ? std::to_string(*donation.entries) : "None") + ",";
    }
    out += any ? CsvCell(download + person.id) : std::string("None");
    out += '\n';
  }

 private:
  static std::string UrlParameters(const std::string& extra) {
    // The member of the object, by the one writer's own spelling of it.
    constexpr std::string_view kName = "\"url_param\":";
    const std::string compact = CompactJson(extra);
    const std::size_t at = compact.find(kName);
    if (at == std::string::npos || compact.compare(at + kName.size(), 1, "{") != 0) return "{}";
    const std::size_t begin = at + kName.size();
    return compact.substr(begin, compact.find('}', begin) - begin + 1);
  }
};

//! The header, then a piece for each ten people, then the rest.
class DetailsBody final : public http::BodySource {
 public:
  explicit DetailsBody(Details details) : details_(std::move(details)) {}
  void Read(Ready ready) override {
    if (!begun_) {
      begun_ = true;
      return ready(details_.Header());
    }
    std::string rows;
    for (std::size_t i = 0; i < kRowsAtOnce && at_ < details_.people.size(); ++i) details_.AppendRow(details_.people[at_++], rows);
    ready(std::move(rows));
  }
  void Cancel() override {}

 private:
  const Details details_;
  bool begun_ = false;
  std::size_t at_ = 0;
};

std::string BaseAddress(const Visit& visit) {
  if (!visit.Rooms().public_url.empty()) return visit.Rooms().public_url;
  return "http://" + std::string(visit.Request().Header("host"));
}

Result<http::Response> GetDetails(const Visit& visit) {
  Details details;
  SHEAF_ASSIGN(details.people, People(*visit.project.vault));
  details.blueprints = visit.project.settings.blueprints;
  details.next = visit.service.options.next_columns;
  for (const model::Blueprint& blueprint : details.blueprints) {
    SHEAF_ASSIGN(auto donations, Donations(*visit.project.vault, blueprint.id, std::nullopt));
    auto& first = details.first.emplace_back();
    for (DonationRecord& donation : donations) first.try_emplace(donation.participant, std::move(donation));
  }
  details.download = BaseAddress(visit) + visit.service.options.prefix + "/projects/" + visit.project.UrlId() + "/data-donation/download/";
  visit.call.audit.rows = details.people.size();
  visit.Log("Participation overview downloaded.", "The participation overview was downloaded.");
  http::Response response;
  response.headers = {{"Content-Type", "text/csv"},
                      {"Content-Disposition",
                       "attachment; filename=\"ddm_" + visit.project.UrlId() + "_participation-overview_" + StampOf(Now()) + ".csv\""}};
  response.source = std::make_unique<DetailsBody>(std::move(details));
  return response;
}

Status AllowDetails(const Visit& visit) {
  if (visit.caller.owner || visit.caller.superuser) return {};
  visit.Log("Forbidden Data Overview Request", "Request user is not permitted to get the project data.");
  return Fail(ErrorCode::kForbidden, "User does not have access.");
}

}  // namespace

void AddDetailsEndpoint(http::Router& router, const std::shared_ptr<const Service>& service) {
  Endpoint details{"GET", "/api/project/{url_id}/details/download", "Participation Overview Api", "donations.details", First::kSession};
  details.token = false;
  details.allow = AllowDetails;
  details.handle = GetDetails;
  AddEndpoint(router, service, std::move(details));
}

}  // namespace sheaf::api::ddm
