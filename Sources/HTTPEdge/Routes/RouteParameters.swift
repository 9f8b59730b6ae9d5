import Hummingbird
import Vocabulary

extension GatewayContext {
  /// The id in the path; what is no id names nothing.
  func identifier<Kind>(_ name: String, of thing: String) throws -> Identifier<Kind> {
    let text = try parameter(name)
    guard let id = Identifier<Kind>(text) else {
      throw ProblemError(.notFound, detail: "there is no \(thing) \(quoted(text))")
    }
    return id
  }

  /// The repo in the path; what is no name names nothing.
  func repoName() throws -> RepoName {
    let text = try parameter("repo")
    do throws(ProblemError) { return try RepoName(text) } catch {
      throw ProblemError(.notFound, detail: "there is no repo \(quoted(text))")
    }
  }

  /// One component of the path, decoded once.
  func parameter(_ name: String) throws -> String {
    let raw = try parameters.require(name)
    guard let text = PageLinks.decoded(raw) else {
      throw ProblemError(.badRequest, detail: "\(quoted(raw)) in the URL is not percent-encoded UTF-8")
    }
    return text
  }

  /// The rest of the URL's path as the path of an entry, decoded once.
  ///
  /// - Throws: `ProblemError` with `bad-path`.
  func entryPath(_ request: Request) throws -> BundlePath {
    guard let raw = parameters[Parameters.recursiveCaptureKey] else {
      throw ProblemError(.badPath, detail: "the URL names no path inside the bundle")
    }
    guard let text = PageLinks.decoded(raw) else {
      throw ProblemError(.badPath, detail: "path \(quoted(String(raw))) is not percent-encoded UTF-8")
    }
    // The router drops a last slash; a name with one is no file's.
    return try BundlePath(request.uri.path.hasSuffix("/") ? text + "/" : text)
  }
}

extension Request {
  /// True for `?name=1` and `?name=true`.
  func flag(_ name: String) throws(ProblemError) -> Bool {
    switch uri.queryParameters[name[...]] {
    case nil, "0", "false": return false
    case "1", "true": return true
    case .some(let text):
      throw ProblemError(
        .badRequest, detail: "\(name) \(quoted(String(text))) is neither 0 nor 1",
        members: ["field": .text(name)])
    }
  }

  /// The number of `?name=`, nil when it is not there: decimal digits and nothing else.
  func number(_ name: String) throws(ProblemError) -> Int64? {
    guard let text = uri.queryParameters[name[...]] else { return nil }
    guard let value = Int64(digits: text) else {
      throw ProblemError(
        .badRequest, detail: "\(name) \(quoted(String(text))) is not a number from 0 to \(Int64.max)",
        members: ["field": .text(name)])
    }
    return value
  }
}

extension Int64 {
  /// Decimal digits and nothing else: `Int64.init` would also take a sign.
  init?(digits: some StringProtocol) {
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let value = Int64(digits)
    else { return nil }
    self = value
  }
}

extension PageRequest {
  /// The first `limit` of rows that were asked for with one more, and the cursor of the last when there was one more.
  func page<Row>(_ rows: [Row], cursor: (Row) -> String) -> (rows: [Row], next: String?) {
    guard rows.count > limit else { return (rows, nil) }
    let page = Array(rows.prefix(limit))
    return (page, page.last.map(cursor))
  }

  /// The cursor read by `parse`, nil when there is none.
  func position<Value>(_ parse: (String) -> Value?) throws(ProblemError) -> Value? {
    guard let cursor else { return nil }
    guard let value = parse(cursor) else { throw Self.badCursor() }
    return value
  }
}
