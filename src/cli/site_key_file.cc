#include "cli/site_key_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace sheaf::cli {

using secrets::SiteKey;

Result<std::string> KeyFilePath(const DataDirectory& directory, const std::string& named) {
  namespace fs = std::filesystem;
  std::string path = named.empty() ? secrets::DefaultKeyFile(directory.Path()) : named;
  std::error_code error;
  const fs::path place = fs::weakly_canonical(path, error);
  const fs::path from_data = place.lexically_relative(directory.Path());
  if (!error && !from_data.empty() && *from_data.begin() != "..") {
    return Fail(ErrorCode::kUsage, "The key file must lie outside the data directory.");
  }
  return path;
}

Result<std::shared_ptr<const SiteKey>> LoadSiteKey(const DataDirectory& directory, const std::string& named, catalog::Catalog& catalog,
                                                   SiteKey::Missing missing) {
  SHEAF_ASSIGN(const std::string path, KeyFilePath(directory, named));
  SHEAF_ASSIGN(const std::string needed, catalog.Secrets().SiteFingerprint());
  auto key = SiteKey::Load(path, needed.empty() ? missing : SiteKey::Missing::kFail);
  if (!key && key.error().code == ErrorCode::kNotFound && !needed.empty()) {
    return Fail(ErrorCode::kWrongKeyFile, fmt::format("The key file {} is missing. These data were kept with the one whose fingerprint is "
                                                      "{}; name it with --key-file, or restore it from your backup.",
                                                      path, needed));
  }
  if (!key) return key;
  if (!needed.empty() && (*key)->Fingerprint() != needed) {
    return Fail(ErrorCode::kWrongKeyFile, fmt::format("The key file {} has the fingerprint {}, but these data were kept with the one whose "
                                                      "fingerprint is {}.",
                                                      path, (*key)->Fingerprint(), needed));
  }
  return key;
}

}  // namespace sheaf::cli
