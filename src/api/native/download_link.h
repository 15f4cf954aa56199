#pragma once
//! Addresses by which a finished export's file can be had without credentials, for a while.

#include <string>
#include <string_view>

#include "access/access.h"
#include "api/export_file.h"
#include "api/native/call.h"
#include "base/time.h"

namespace sheaf::api::native {

//! access::Tokens' word for them.
inline constexpr std::string_view kDownloadPurpose = "download";
inline constexpr Micros kDownloadLifetime = Micros{15} * 60 * 1'000'000;

struct DownloadLink {
  std::string url;
  std::string token;  //!< the end of it
  Micros expires_at = 0;
};
//! `lifetime`: in microseconds. It ends sooner when the key or account it is given to loses its right, or the file goes.
Result<DownloadLink> NewDownloadLink(const Rooms& rooms, const access::Principal& holder, const catalog::ExportJob& job,
                                     Micros lifetime = kDownloadLifetime);

//! The file of a link, whose token is the address's part `download`. Other credentials count for nothing. kForbidden for a bad one, and what
//! SendFile fails with.
Result<std::optional<http::Response>> ServeDownload(Call& call);
//! The job's file as what it is, packed where the client takes it. Guesses of a passphrase are counted. As RequireFile and
//! FileResponse.
Result<std::optional<http::Response>> SendFile(Call& call, const catalog::ExportJob& job);
//! The job's file, opened; guesses of a passphrase are counted.
Result<std::shared_ptr<blobs::BlobReader>> OpenFileFor(Call& call, const catalog::ExportJob& job);
Result<std::optional<http::Response>> SendFileAs(Call& call, const catalog::ExportJob& job, const FileOptions& options);

}  // namespace sheaf::api::native
