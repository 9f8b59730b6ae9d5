import Foundation
import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("The vectors shared with the JavaScript client")
struct VectorTests {
  @Test(
    "a request is the intent or the problem of its vector",
    arguments: try VectorFile<RequestVector>.load("requests").cases)
  func request(vector: RequestVector) throws {
    let head = try vector.request.head()
    do {
      let intent = try vector.options.dialect.interpret(head)
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
    "an outcome is the response of its vector",
    arguments: try VectorFile<ResponseVector>.load("responses").cases)
  func response(vector: ResponseVector) throws {
    let always = try #require(try VectorFile<ResponseVector>.load("responses").always)
    let response = vector.options.dialect.render(
      try vector.outcome.value(), for: try vector.request.head(),
      in: ResponseContext(requestID: "r-1", now: Timestamp(milliseconds: 0), location: { "/files/\($0)" }))
    #expect(response.head.status.code == vector.response.status)
    var fields = [String: String]()
    for field in response.head.headerFields { fields[field.name.canonicalName] = field.value }
    if !response.body.isEmpty {
      #expect(fields.removeValue(forKey: "content-length") == "\(response.body.count)")
    }
    #expect(fields == always.merging(vector.response.headers) { $1 })
    let body =
      response.body.isEmpty ? nil : try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
    #expect(body == vector.response.body)
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
