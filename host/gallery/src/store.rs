//! The file that keeps members and templates.

use std::path::Path;

use prost::Message;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::file::{self, Failure};
use crate::record::{Features, MemberRecord, TemplateRecord};
use crate::similarity::{cosine, normalise};
use crate::{Enrolled, EnrolmentError, Error, GalleryModel, Gate, Member, MemberId, Template};

/// The most templates of a member. More photos than this add nothing to recognise someone by, and each
/// makes the gallery's model larger for all.
pub const MAX_TEMPLATES: usize = 32;

/// Members by id.
pub(crate) const MEMBERS: TableDefinition<&str, &[u8]> = TableDefinition::new("members");

/// Members and their templates, in one file. All methods may be called from any number of threads;
/// reading sees the gallery as it was when the call began, and never waits for a writer.
#[derive(Debug)]
pub struct Gallery {
    database: Database,
    /// The file's path, for messages.
    name: String,
    feature_model: String,
    dimension: usize,
}

impl Gallery {
    /// Opens the gallery in the file `path`, or makes a new one there, with the folders above it.
    ///
    /// `feature_model` is the digest of the model that makes the features, `dimension` how many numbers a
    /// feature has. A gallery made with another model is refused, unless it has no members: then it becomes
    /// one of this model.
    ///
    /// # Errors
    ///
    /// [`Error::OtherFeatureModel`], [`Error::InUse`], [`Error::NotAGallery`], [`Error::Newer`],
    /// [`Error::Damaged`], [`Error::Storage`].
    pub fn open(path: &Path, feature_model: &str, dimension: usize) -> Result<Gallery, Error> {
        let name = path.display().to_string();
        let database = file::open(path, &name)?;
        Gallery::with(database, name, feature_model, dimension)
    }

    /// A new gallery that is kept in memory only, and gone when it is dropped.
    pub fn in_memory(feature_model: &str, dimension: usize) -> Result<Gallery, Error> {
        let name = "(in memory)".to_owned();
        let database = file::in_memory(&name)?;
        Gallery::with(database, name, feature_model, dimension)
    }

    fn with(
        database: Database,
        name: String,
        feature_model: &str,
        dimension: usize,
    ) -> Result<Gallery, Error> {
        file::admit(&database, &name, feature_model, dimension)?;
        Ok(Gallery {
            database,
            name,
            feature_model: feature_model.to_owned(),
            dimension,
        })
    }

    /// The digest of the feature model that made the templates.
    pub fn feature_model(&self) -> &str {
        &self.feature_model
    }

    /// How many numbers a feature has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// All members, in the order of their ids.
    pub fn members(&self) -> Result<Vec<Member>, Error> {
        let mut members = Vec::new();
        self.each(&self.table()?, |id, record| {
            members.push(member(id, &record))
        })?;
        Ok(members)
    }

    /// A member, or none of that id.
    pub fn member(&self, id: &MemberId) -> Result<Option<Member>, Error> {
        let table = self.table()?;
        let value = table.get(id.as_str()).map_err(Failure::read(&self.name))?;
        let Some(value) = value else { return Ok(None) };
        let record = self.record(id.as_str(), value.value())?;
        Ok(Some(member(id.clone(), &record)))
    }

    /// Stores a member with these templates, in place of those that the member had, whatever they are like:
    /// [`Gallery::enrol`] is the way for photos that somebody brings.
    ///
    /// # Errors
    ///
    /// [`Error::TemplateCount`], [`Error::Dimension`], [`Error::NoDirection`], or the file cannot be
    /// written; the gallery is as before then.
    pub fn put(&self, id: &MemberId, templates: Vec<Template>) -> Result<(), Error> {
        let record = self.new_record(&templates)?;
        self.change(|table| self.insert(table, id, &record))
    }

    /// Stores many members as [`Gallery::put`] does, all in one transaction.
    ///
    /// # Errors
    ///
    /// As [`Gallery::put`]; the gallery is as before then.
    pub fn put_all(
        &self,
        members: impl IntoIterator<Item = (MemberId, Vec<Template>)>,
    ) -> Result<(), Error> {
        self.change(|table| {
            members.into_iter().try_for_each(|(id, templates)| {
                self.insert(table, &id, &self.new_record(&templates)?)
            })
        })
    }

    /// Enrols a member with the templates of photos that have passed [`Gate::quality`] one by one: checks
    /// them together and against all other members, and stores them in place of those that the member had,
    /// in one transaction.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::Refused`] where they do not pass [`Gate::agreement`] or [`Gate::distinct`], else
    /// those of [`Gallery::put`]. The gallery is as before then.
    pub fn enrol(
        &self,
        id: &MemberId,
        templates: Vec<Template>,
        gate: &Gate,
    ) -> Result<Member, EnrolmentError> {
        let (record, features) = self.agreed(&templates, gate)?;
        // Looking at the others within the transaction: nobody else can be enrolled meanwhile.
        self.change(|table| {
            self.distinct(table, id, &features, gate)?;
            Ok(self.insert(table, id, &record)?)
        })
        .map(|()| member(id.clone(), &record))
    }

    /// What [`Gallery::enrol`] would store, checked as it checks, and not stored: for members who are kept somewhere
    /// else, from where they come into the gallery with [`Gallery::apply`].
    ///
    /// # Errors
    ///
    /// As [`Gallery::enrol`].
    pub fn admit(
        &self,
        id: &MemberId,
        templates: &[Template],
        gate: &Gate,
    ) -> Result<Enrolled, EnrolmentError> {
        let (record, features) = self.agreed(templates, gate)?;
        self.distinct(&self.table()?, id, &features, gate)?;
        Ok(Enrolled {
            id: id.clone(),
            record,
        })
    }

    /// Stores members as they are, in place of what there was of them, and removes others, all in one transaction.
    ///
    /// # Errors
    ///
    /// The file cannot be written; the gallery is as before then.
    pub fn apply(
        &self,
        put: impl IntoIterator<Item = Enrolled>,
        remove: &[MemberId],
    ) -> Result<(), Error> {
        self.change(|table| {
            for id in remove {
                table
                    .remove(id.as_str())
                    .map_err(Failure::write(&self.name))?;
            }
            put.into_iter()
                .try_for_each(|member| self.insert(table, &member.id, &member.record))
        })
    }

    /// Removes a member with all templates. False where there is no such member.
    pub fn remove(&self, id: &MemberId) -> Result<bool, Error> {
        self.change(|table| {
            let removed = table
                .remove(id.as_str())
                .map_err(Failure::write(&self.name))?;
            Ok(removed.is_some())
        })
    }

    /// Which other member has the template most similar to a feature (of any length but 0), and the cosine
    /// of the two, -1 to 1. None where nobody else is enrolled.
    pub fn nearest_other(
        &self,
        id: &MemberId,
        feature: &[f32],
    ) -> Result<Option<(MemberId, f32)>, Error> {
        let feature = self.direction(feature)?;
        Ok(self
            .nearest(&self.table()?, id, &[feature])?
            .pop()
            .flatten())
    }

    /// The gallery as a model, in its present state.
    pub fn model(&self) -> Result<GalleryModel, Error> {
        let mut members = Features::new();
        self.each(&self.table()?, |id, record| {
            members.insert(
                id,
                record
                    .templates
                    .iter()
                    .map(TemplateRecord::feature)
                    .collect(),
            );
        })?;
        GalleryModel::build(self.dimension, &self.feature_model, &members)
    }

    /// All members with their records, in the order of their ids, as of now.
    pub(crate) fn records(&self) -> Result<Vec<(MemberId, MemberRecord)>, Error> {
        let mut records = Vec::new();
        self.each(&self.table()?, |id, record| records.push((id, record)))?;
        Ok(records)
    }

    /// Stores members as their records have them, bit by bit, all in one transaction.
    pub(crate) fn put_records(
        &self,
        records: impl IntoIterator<Item = (MemberId, MemberRecord)>,
    ) -> Result<(), Error> {
        self.change(|table| {
            records
                .into_iter()
                .try_for_each(|(id, record)| self.insert(table, &id, &record))
        })
    }

    /// The members as of now.
    fn table(&self) -> Result<redb::ReadOnlyTable<&'static str, &'static [u8]>, Error> {
        let transaction = self
            .database
            .begin_read()
            .map_err(Failure::read(&self.name))?;
        transaction
            .open_table(MEMBERS)
            .map_err(Failure::read(&self.name))
    }

    /// Makes one change: on disk when this returns `Ok`, undone where `change` fails.
    fn change<T, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut redb::Table<&'static str, &'static [u8]>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self
            .database
            .begin_write()
            .map_err(Failure::write(&self.name))?;
        let mut table = transaction
            .open_table(MEMBERS)
            .map_err(Failure::write(&self.name))?;
        let result = change(&mut table)?;
        drop(table);
        transaction.commit().map_err(Failure::write(&self.name))?;
        Ok(result)
    }

    fn insert(
        &self,
        table: &mut redb::Table<&'static str, &'static [u8]>,
        id: &MemberId,
        record: &MemberRecord,
    ) -> Result<(), Error> {
        let bytes = record.encode_to_vec();
        table
            .insert(id.as_str(), bytes.as_slice())
            .map_err(Failure::write(&self.name))?;
        Ok(())
    }

    /// For each feature of length 1, the other member with the most similar template.
    fn nearest(
        &self,
        table: &impl ReadableTable<&'static str, &'static [u8]>,
        id: &MemberId,
        features: &[Vec<f32>],
    ) -> Result<Vec<Option<(MemberId, f32)>>, Error> {
        let mut nearest: Vec<Option<(MemberId, f32)>> = vec![None; features.len()];
        self.each(table, |other, record| {
            if other == *id {
                return;
            }
            for template in &record.templates {
                let template = template.feature();
                for (feature, best) in features.iter().zip(&mut nearest) {
                    let similarity = cosine(feature, &template);
                    if best.as_ref().is_none_or(|(_, most)| similarity > *most) {
                        *best = Some((other.clone(), similarity));
                    }
                }
            }
        })?;
        Ok(nearest)
    }

    /// Visits all members, in the order of their ids.
    fn each(
        &self,
        table: &impl ReadableTable<&'static str, &'static [u8]>,
        mut visit: impl FnMut(MemberId, MemberRecord),
    ) -> Result<(), Error> {
        for entry in table.iter().map_err(Failure::read(&self.name))? {
            let (key, value) = entry.map_err(Failure::read(&self.name))?;
            let id: MemberId = key
                .value()
                .parse()
                .map_err(|error| self.damaged(format!("{error}")))?;
            let record = self.record(id.as_str(), value.value())?;
            visit(id, record);
        }
        Ok(())
    }

    fn record(&self, id: &str, bytes: &[u8]) -> Result<MemberRecord, Error> {
        MemberRecord::read(bytes, self.dimension)
            .map_err(|detail| self.damaged(format!("member {id}: {detail}")))
    }

    fn damaged(&self, detail: String) -> Error {
        Error::Damaged {
            gallery: self.name.clone(),
            detail,
        }
    }

    /// The record of templates that show one person, with their features.
    fn agreed(
        &self,
        templates: &[Template],
        gate: &Gate,
    ) -> Result<(MemberRecord, Vec<Vec<f32>>), EnrolmentError> {
        let record = self.new_record(templates)?;
        let features: Vec<Vec<f32>> = record
            .templates
            .iter()
            .map(TemplateRecord::feature)
            .collect();
        gate.agreement(&features.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        Ok((record, features))
    }

    /// Checks that features are those of no other member.
    fn distinct(
        &self,
        table: &impl ReadableTable<&'static str, &'static [u8]>,
        id: &MemberId,
        features: &[Vec<f32>],
        gate: &Gate,
    ) -> Result<(), EnrolmentError> {
        for (photo, nearest) in self.nearest(table, id, features)?.into_iter().enumerate() {
            gate.distinct(photo, nearest)?;
        }
        Ok(())
    }

    fn new_record(&self, templates: &[Template]) -> Result<MemberRecord, Error> {
        if templates.is_empty() || templates.len() > MAX_TEMPLATES {
            return Err(Error::TemplateCount {
                found: templates.len(),
                limit: MAX_TEMPLATES,
            });
        }
        let templates = templates
            .iter()
            .map(|template| {
                let feature = self.direction(&template.feature)?;
                Ok(TemplateRecord::new(template, &feature))
            })
            .collect::<Result<_, Error>>()?;
        Ok(MemberRecord { templates })
    }

    /// A feature with length 1.
    fn direction(&self, feature: &[f32]) -> Result<Vec<f32>, Error> {
        if feature.len() != self.dimension {
            return Err(Error::Dimension {
                wanted: self.dimension,
                found: feature.len(),
            });
        }
        normalise(feature).ok_or(Error::NoDirection)
    }
}

/// What may be told of a member.
fn member(id: MemberId, record: &MemberRecord) -> Member {
    Member {
        id,
        templates: record.templates.iter().map(TemplateRecord::info).collect(),
    }
}
