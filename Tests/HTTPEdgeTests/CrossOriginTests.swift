import GatewayConfiguration
import HTTPEdge
import HTTPTypes
import Testing
import Vocabulary

@Suite struct CrossOriginTests {
  private static let app = "https://app.example"
  private static let listed = CrossOrigin(allowed: .listed([app]), allowsCredentials: false)

  private static func request(
    _ method: HTTPRequest.Method = .post, _ path: String = "/files/", _ fields: [String: String] = [:]
  ) -> HTTPRequest {
    var request = HTTPRequest(method: method, scheme: "http", authority: "gateway.example", path: path)
    for (name, value) in fields {
      guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
      request.headerFields[name] = value
    }
    return request
  }
  private static func preflight(_ origin: String, _ path: String = "/files/", more: [String: String] = [:])
    -> HTTPRequest
  {
    request(
      .options, path,
      ["Origin": origin, "Access-Control-Request-Method": "PATCH"].merging(more) { $1 })
  }
  private static func fields(_ rules: CrossOrigin, _ request: HTTPRequest) -> HTTPFields {
    var fields = HTTPFields()
    rules.add(to: &fields, for: request)
    return fields
  }
  private static func code(_ request: HTTPRequest, _ rules: CrossOrigin = listed) -> String? {
    RequestOrigin.flaw(
      of: request, address: PublicAddress(configured: nil, trustedProxies: []), peer: "192.0.2.1",
      crossOrigin: rules)?.problem.code
  }

  @Test("origins are read as browsers write them; * is for any site, but not for null or what is no origin")
  func setting() throws {
    let list = try #require(AllowedOrigins("https://App.Example:443, http://localhost:8080"))
    #expect(list == .listed([Self.app, "http://localhost:8080"]))
    #expect(list.contains(Self.app) && !list.contains("http://app.example") && !list.contains("null"))
    #expect(!list.contains("https://app.example.evil") && !list.contains("https://app.example:444"))
    #expect(AllowedOrigins("") == .listed([]))
    #expect(AllowedOrigins.all.contains("https://anything.example"))
    for text in ["null", "", "*", "https://a.example, https://b.example", "https://a.example/", "x\r\ny"] {
      #expect(!AllowedOrigins.all.contains(text), "\(text)")
    }
  }

  @Test("A-19 a preflight of an allowed origin gets the lists, the reflected origin and a day")
  func allowedPreflight() throws {
    for path in ["/files", "/files/0", "/api/v1/pushes?x", "/client/sheaf.js"] {
      let request = Self.preflight(Self.app, path)
      #expect(CrossOrigin.isPreflight(request))
      let fields = try Self.listed.preflight(request)
      #expect(fields[.accessControlAllowOrigin] == Self.app)
      #expect(fields[.vary] == "Origin")
      #expect(fields[.accessControlAllowMethods] == "POST, HEAD, PATCH, OPTIONS, GET, DELETE, PUT")
      #expect(fields[.accessControlMaxAge] == "86400")
      #expect(fields[.accessControlAllowCredentials] == nil)
      #expect(fields.allSatisfy { !$0.name.rawName.contains("Private-Network") })
    }
  }

  @Test("A-19 the lists have what tusd's have, and ours")
  func lists() {
    let request = """
      Authorization, Origin, X-Requested-With, X-Request-ID, X-HTTP-Method-Override, Content-Type, Upload-Length, \
      Upload-Offset, Tus-Resumable, Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Incomplete, \
      Upload-Complete, Upload-Draft-Interop-Version, Upload-Checksum, Content-Digest, Repr-Digest, \
      Want-Repr-Digest, Want-Content-Digest, Idempotency-Key, If-Match, Content-Disposition, Content-Encoding
      """
    #expect(CrossOriginLists.requestFields.joined(separator: ", ").hasPrefix(request))
    let response = """
      Upload-Offset, Location, Upload-Length, Tus-Version, Tus-Resumable, Tus-Max-Size, Tus-Extension, \
      Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Incomplete, Upload-Complete, \
      Upload-Draft-Interop-Version, Upload-Expires, Upload-Limit, Tus-Checksum-Algorithm, Repr-Digest, \
      Content-Digest, Want-Repr-Digest, Retry-After, ETag, X-Request-ID, Server-Timing, Content-Disposition
      """
    #expect(CrossOriginLists.responseFields.joined(separator: ", ").hasPrefix(response))
  }

  @Test(
    "a preflight of any other origin is forbidden",
    arguments: ["https://evil.example", "http://app.example", "https://app.example:8443", "null", ""])
  func foreignPreflight(origin: String) {
    for rules in [Self.listed, .sameOriginOnly] {
      let error = #expect(throws: ProblemError.self) { try rules.preflight(Self.preflight(origin)) }
      #expect(error?.problem == .forbiddenOrigin)
    }
  }

  @Test("pages and everything outside of uploads, API and client are nobody else's")
  func pages() {
    for path in ["/ui/pushes", "/", "/filesystem", "/api/v2", "/healthz", "*"] {
      #expect(throws: ProblemError.self) { try Self.listed.preflight(Self.preflight(Self.app, path)) }
      #expect(Self.fields(Self.listed, Self.request(.get, path, ["Origin": Self.app])).isEmpty)
      #expect(Self.code(Self.request(.post, path, ["Origin": Self.app])) == "forbidden-origin")
    }
  }

  @Test("credentials go with listed origins only, never with *")
  func credentials() throws {
    let listed = CrossOrigin(allowed: .listed([Self.app]), allowsCredentials: true)
    #expect(try listed.preflight(Self.preflight(Self.app))[.accessControlAllowCredentials] == "true")
    let any = CrossOrigin(allowed: .all, allowsCredentials: true)
    let fields = try any.preflight(Self.preflight("https://x.example"))
    #expect(fields[.accessControlAllowOrigin] == "https://x.example")
    #expect(fields[.accessControlAllowCredentials] == nil)
    #expect(throws: ProblemError.self) { try any.preflight(Self.preflight("null")) }
  }

  @Test("a private network is opened when a preflight asks for it and the origin is allowed")
  func privateNetwork() throws {
    let asking = ["Access-Control-Request-Private-Network": "true"]
    let name = try #require(HTTPField.Name("Access-Control-Allow-Private-Network"))
    #expect(try Self.listed.preflight(Self.preflight(Self.app, more: asking))[name] == "true")
  }

  @Test("a response shows an allowed page its fields, others nothing, and caches keep them apart")
  func responses() {
    let allowed = Self.fields(Self.listed, Self.request(.get, "/files/0", ["Origin": Self.app]))
    #expect(allowed[.accessControlAllowOrigin] == Self.app)
    #expect(allowed[.accessControlExposeHeaders]?.hasPrefix("Upload-Offset, Location") == true)
    for request in [Self.request(.get), Self.request(.get, "/files/", ["Origin": "https://evil.example"])] {
      let fields = Self.fields(Self.listed, request)
      #expect(fields.map(\.name) == [.vary] && fields[.vary] == "Origin")
      #expect(Self.fields(.sameOriginOnly, request).isEmpty)
    }
    var fields: HTTPFields = [.vary: "Accept"]
    Self.listed.add(to: &fields, for: Self.request(.get))
    #expect(fields[.vary] == "Accept, Origin")
  }

  @Test("a changing request needs its own origin or an allowed one, whatever Sec-Fetch-Site says")
  func changing() {
    for site in ["cross-site", "same-site"] {
      let allowed = ["Origin": Self.app, "Sec-Fetch-Site": site]
      #expect(Self.code(Self.request(.patch, "/files/0", allowed)) == nil)
      #expect(Self.code(Self.request(.patch, "/files/0", allowed), .sameOriginOnly) == "forbidden-origin")
      let foreign = ["Origin": "https://evil.example", "Sec-Fetch-Site": site]
      #expect(Self.code(Self.request(.patch, "/files/0", foreign)) == "forbidden-origin")
      #expect(Self.code(Self.request(.patch, "/files/0", ["Sec-Fetch-Site": site])) == "forbidden-origin")
    }
    #expect(Self.code(Self.request(.post, "/files/", ["Origin": "null"])) == "forbidden-origin")
    #expect(Self.code(Self.request(.post, "/files/", ["Origin": "http://gateway.example"])) == nil)
    #expect(Self.code(Self.request()) == nil)
    #expect(Self.code(Self.request(.get, "/files/0", ["Origin": "https://evil.example"])) == nil)
  }

  @Test(
    "B-27 a method override makes any request a changing one, and never a changing one harmless",
    arguments: [
      (HTTPRequest.Method.get, "DELETE"), (.head, "PATCH"), (.options, "DELETE"), (.post, "HEAD"),
      (.post, "GET"), (.get, "nonsense"),
    ])
  func override(method: HTTPRequest.Method, name: String) {
    let fields = ["Origin": "https://evil.example", "X-HTTP-Method-Override": name]
    #expect(Self.code(Self.request(method, "/files/0", fields)) == "forbidden-origin")
    let asking = fields.merging(["Access-Control-Request-Method": "PATCH"]) { $1 }
    #expect(!CrossOrigin.isPreflight(Self.request(.options, "/files/0", asking)))
  }
}
