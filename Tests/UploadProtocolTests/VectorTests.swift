import Foundation
import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("The vectors shared with the JavaScript client")
struct VectorTests {
  @Test(
    "a request is the intent or the problem of its vector",
    arguments: try ["requests", "requests-ietf", "requests-plain"].flatMap {
      try VectorFile<RequestVector>.load($0).cases
    })
  func request(vector: RequestVector) throws {
    let head = try vector.request.head()
    let choice = try #require(DialectChoice(head))
    if let word = vector.dialect { #expect(choice.word == word) }
    do {
      let intent = try choice.dialect(vector.options.value).interpret(head)
      let expected = try #require(vector.intent, "an intent instead of a problem: \(intent)")
      #expect(intent == (try expected.value()))
    } catch let error as ProblemError {
      let expected = try #require(vector.problem, "\(error)")
      #expect(error.problem.code == expected.code)
      #expect(error.problem.status == expected.status)
      for (name, value) in expected.members ?? [:] {
        #expect(error.members[name].map(JSONValue.init) == value)
      }
    }
  }

  @Test(
    "an outcome is the response of its vector", arguments: ["responses", "responses-ietf"])
  func responses(file: String) throws {
    let file = try VectorFile<ResponseVector>.load(file)
    for vector in file.cases { try check(vector, always: try #require(file.always)) }
  }

  private func check(_ vector: ResponseVector, always: [String: String]) throws {
    let head = try vector.request.head()
    let dialect = try #require(DialectChoice(head)).dialect(vector.options.value)
    let response = dialect.render(try vector.outcome.value(), for: head, in: context)
    #expect(response.head.status.code == vector.response.status, "\(vector.name)")
    var fields = response.head.headerFields.byName
    if !response.body.isEmpty {
      #expect(fields.removeValue(forKey: "content-length") == "\(response.body.count)", "\(vector.name)")
    }
    #expect(fields == always.merging(vector.response.headers) { $1 }, "\(vector.name)")
    let body =
      response.body.isEmpty ? nil : try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
    #expect(body == vector.response.body, "\(vector.name)")
  }

  @Test(
    "a notice is the interim response of its vector, or none",
    arguments: try VectorFile<InterimVector>.load("interim").cases)
  func interim(vector: InterimVector) throws {
    let head = try vector.request.head()
    let dialect = try #require(DialectChoice(head)).dialect(vector.options.value)
    let response = dialect.interim(try vector.notice.value(), for: head, in: context)
    #expect(response.map { Int($0.status.code) } == vector.response?.status)
    #expect(response?.headerFields.byName == vector.response?.headers)
  }

  @Test(
    "metadata is the pairs or the problem of its vector",
    arguments: try VectorFile<MetadataVector>.load("metadata").cases)
  func metadata(vector: MetadataVector) throws {
    do {
      let metadata = try UploadMetadataParser.parse(vector.raw)
      let pairs = try #require(vector.pairs)
      #expect(metadata.pairs == (try metadataPairs(pairs)))
      #expect(metadata.raw == (metadata.pairs.isEmpty ? nil : vector.raw))
    } catch let error as ProblemError {
      #expect(error.problem.code == vector.problem)
      #expect(error.members["key"].map(JSONValue.init) == vector.key.map { .text($0) })
    }
  }
}

private let context = ResponseContext(
  requestID: "r-1", now: Timestamp(milliseconds: 1_769_903_900_000), location: { "/files/\($0)" })

extension HTTPFields {
  fileprivate var byName: [String: String] {
    reduce(into: [:]) { fields, field in fields[field.name.canonicalName] = field.value }
  }
}
