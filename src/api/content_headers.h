#pragma once
//! Headers about content: what a body is, what a client takes, what a download is called.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "export/pipeline.h"
#include "ingest/decode.h"

namespace sheaf::api {

//! The media type of a `Content-Type` in lower case without its parameters: "text/csv". kUnsupportedMediaType when the header
//! cannot be read or names another charset than UTF-8; empty for an empty header.
Result<std::string> MediaType(std::string_view content_type);

//! How a body of records is read. kUnsupportedMediaType.
Result<ingest::BodyFormat> RecordsFormat(std::string_view content_type);

//! A JSON body, or one without a Content-Type. kUnsupportedMediaType.
Status RequireJson(std::string_view content_type);

//! What to pack a stream with: the coding with the highest q of zstd, gzip and none, in this order where q is equal.
//! `*` speaks for gzip and none, never for zstd, which few clients can read unasked. nullopt when the client takes none of them.
std::optional<exporting::Compression> NegotiateCompression(std::string_view accept_encoding);

//! `attachment; filename="…"`, with `filename*` where the name is not plain ASCII (RFC 6266). Control characters, quotes,
//! slashes and backslashes become `_`.
std::string AttachmentHeader(std::string_view file_name);
//! The same with `inline`, for what a browser may show itself.
std::string InlineHeader(std::string_view file_name);

//! "text/csv; charset=utf-8" and so on.
std::string_view ContentTypeOf(exporting::Format format);

}  // namespace sheaf::api
